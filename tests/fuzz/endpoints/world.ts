/** What requests are about: chunks, records and publications that are valid, and the relays that are asked. */
import { toBase64Url, utf8 } from '../../../shared/bytes.ts';
import type { RelayId } from '../../../shared/ids.ts';
import { signAtomic, signRemoval } from '../../../shared/protocol/records.ts';
import type { AtomicRecord, ListRemoval } from '../../../shared/protocol/records.ts';
import { ownedChunk } from '../../helpers/virtual-chunk.ts';
import type { OwnedChunk } from '../../helpers/virtual-chunk.ts';
import { signed, signerOf } from '../../unit/relay/catalog/catalog-rig.ts';
import type { Published } from '../../unit/relay/catalog/catalog-rig.ts';
import { Random, inputSeed } from '../random.ts';

const SIGNERS = 24;
const RECORDS_PER_SIGNER = 4;
const MAX_SAMPLE_CHUNK_BYTES = 3000;
/** Inputs after which the chunks that are asked about have been replaced by others: they get deleted. */
const CHUNK_WINDOW = 400;
const CHUNKS = 12;

export class World {
  readonly relays: readonly RelayId[];
  readonly operatorToken: string;
  readonly records: readonly AtomicRecord[];
  readonly publications: readonly Published[];
  readonly removals: readonly ListRemoval[];
  readonly #seed: number;
  #chunks: { readonly window: number; readonly chunks: readonly OwnedChunk[] } | undefined;

  private constructor(
    seed: number,
    relays: readonly RelayId[],
    operatorToken: string,
    signedThings: Pick<World, 'records' | 'publications' | 'removals'>,
  ) {
    this.#seed = seed;
    this.relays = relays;
    this.operatorToken = operatorToken;
    this.records = signedThings.records;
    this.publications = signedThings.publications;
    this.removals = signedThings.removals;
  }

  static async create(seed: number, relays: readonly RelayId[], operatorToken: string): Promise<World> {
    const records: AtomicRecord[] = [];
    const publications: Published[] = [];
    const removals: ListRemoval[] = [];
    for (let number = 0; number < SIGNERS; number++) {
      const signer = await signerOf(number);
      for (let seq = 0; seq < RECORDS_PER_SIGNER; seq++)
        records.push(
          await signAtomic(signer, seq, toBase64Url(utf8(`value ${String(seq)}`), { padding: false })),
        );
      const published = await signed(signer, { name: `file ${String(number)}.pdf` });
      publications.push(published);
      // Some stay.
      if (number % 3 === 0) removals.push(await signRemoval(signer, published.list, published.id));
    }
    return new World(seed, relays, operatorToken, { records, publications, removals });
  }

  /** The chunks that input number `index` may be about. */
  chunks(index: number): readonly OwnedChunk[] {
    const window = Math.floor(index / CHUNK_WINDOW);
    if (this.#chunks?.window !== window) {
      const random = new Random(inputSeed(this.#seed, 'chunks', window));
      const next = (): number => random.below(2 ** 30) / 2 ** 30;
      const chunks = Array.from({ length: CHUNKS }, () =>
        ownedChunk(next, 200 + random.below(MAX_SAMPLE_CHUNK_BYTES)),
      );
      this.#chunks = { window, chunks };
    }
    return this.#chunks.chunks;
  }
}
