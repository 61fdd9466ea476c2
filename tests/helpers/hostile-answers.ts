/** A real relay's parts with their answers bent: each says, signs or serves what is not so, in a form that validates. */
import { randomBytes } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { RpcRouter } from '../../relay/services/rpc.ts';
import type { MemberNews } from '../../relay/services/membership.ts';
import type { LocalChunks } from '../../relay/services/ports.ts';
import { issueReceipt } from '../../relay/services/receipts.ts';
import type { Signer } from '../../shared/crypto/sign.ts';
import { parseRelayId } from '../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import type { Receipt } from '../../shared/protocol/receipt.ts';
import { tombstoneId } from '../../shared/protocol/tombstone.ts';
import type { Tombstone } from '../../shared/protocol/tombstone.ts';

const SLOW_MS = 3000;
const INVENTED_RELAYS = 20;
/** Of a chunk that is not there: as large as a short file's. */
const WRONG_BYTES = 70_000;

/** In a hostile relay's storage: the ids of the chunks that it signed for and dropped, a line each. */
export const DROPPED = 'dropped';

export const inventedId = (): string => randomBytes(32).toString('hex');

/** Any 64 bytes are a tombstone of some chunk. */
export function inventedTombstone(): Tombstone {
  return { body_hash: inventedId(), token: inventedId() };
}

/** Says that it has every chunk, signs for each that it is sent and drops it, and serves wrong bytes: at once, late, or never. */
export class BentChunks implements LocalChunks {
  /** What it was to keep. */
  readonly dropped = new Set<ChunkId>();
  readonly #relay: RelayId;
  readonly #signer: Signer;
  readonly #ledger: string;
  #reads = 0;

  /** `ledger`: the file that gets the ids of what it drops, a line each. */
  constructor(relay: RelayId, signer: Signer, ledger: string) {
    this.#relay = relay;
    this.#signer = signer;
    this.#ledger = ledger;
  }

  async store(id: ChunkId, chunk: Uint8Array, nonceHex: string): Promise<Receipt> {
    this.dropped.add(id);
    await appendFile(this.#ledger, `${id}\n`);
    return await issueReceipt(this.#relay, this.#signer, { chunk: id, sizeBytes: chunk.length, nonceHex });
  }

  async read(): Promise<Uint8Array> {
    const turn = this.#reads++ % 3;
    if (turn === 1) await delay(SLOW_MS);
    if (turn === 2) await new Promise(() => undefined);
    return randomBytes(WRONG_BYTES);
  }

  has(): boolean {
    return true;
  }
}

type Bend = (params: never, from: RelayId) => unknown;

/** Answers relays' requests as `bends` say, and the others as a relay does. */
class BentRouter extends RpcRouter {
  readonly #honest: RpcRouter;
  readonly #bends: Readonly<Record<string, Bend>>;

  constructor(honest: RpcRouter, bends: Readonly<Record<string, Bend>>) {
    super();
    this.#honest = honest;
    this.#bends = bends;
  }

  override answer(name: string, params: unknown, from: RelayId, signal: AbortSignal): Promise<unknown> {
    const bend = this.#bends[name];
    if (bend === undefined) return this.#honest.answer(name, params, from, signal);
    return Promise.resolve(bend(params as never, from));
  }
}

/** `link`: the port at which invented relays are said to be. */
export function bentRouter(honest: RpcRouter, self: RelayId, link: () => number): RpcRouter {
  const ids = (count: number): string[] => Array.from({ length: count }, inventedId);
  return new BentRouter(honest, {
    'chunks.has': ({ ids: asked }: { ids: string[] }) => ({ held: asked }),
    'chunks.audit': () => ({ hash: inventedId() }),
    'chunks.inventory': ({ after }: { after: string }) => ({
      chunks:
        after > 'f'
          ? []
          : [{ id: `f${inventedId().slice(1)}`, size: 999, ...inventedHeader(), stored_at: 1 }],
    }),
    'chunks.headers': ({ ids: asked }: { ids: string[] }) => ({
      headers: asked.map((id) => ({ id, ...inventedHeader() })),
    }),
    'care.offer': ({ chunks }: { chunks: unknown[] }) => ({ answers: chunks.map(() => 'have') }),
    'deletion.apply': ({ tombstones }: { tombstones: Tombstone[] }) => ({
      gone: tombstones.map(tombstoneId),
    }),
    'dht.find-node': ({ target }: { target: string }) => ({
      // Nearer to what is looked for than any true relay, so that the lookup goes nowhere else.
      relays: ids(INVENTED_RELAYS).map((id) => ({
        id: target.slice(0, 60) + id.slice(60),
        host: '127.0.0.1',
        link: link(),
      })),
    }),
    'dht.find-holders': ({ ids: asked }: { ids: string[] }) => ({
      holders: asked.map(() => [self, ...ids(7)]),
    }),
    'locate.forward': () => ({ relays: [self, ...ids(7)] }),
    'gossip.push': () => ({}),
    'gossip.have': () => ({ want: [] }),
    'gossip.want': () => ({ items: [] }),
    'gossip.compare': () => ({ differ: [] }),
    'records.store': ({ items }: { items: unknown[] }) => ({ outcomes: items.map(() => 'stored') }),
    'records.digests': ({ keys }: { keys: string[] }) => ({ digests: keys.map(inventedId) }),
    'records.atomic': ({ keys }: { keys: string[] }) => ({ records: keys.map(() => null) }),
    'records.rows': () => ({
      rows: ids(32)
        .map((id) => `${id}:${inventedId()}:1`)
        .sort(),
    }),
    'records.fetch': () => ({ items: [] }),
  });
}

/** Adds relays that are not to what is told of the others, and says that those were heard of later than they were. */
export function bentNews([self, ...others]: readonly MemberNews[], link: number): MemberNews[] {
  if (self === undefined) return [];
  const invented = Array.from({ length: INVENTED_RELAYS }, () => ({
    ...{ host: '127.0.0.1', port: 1, link, beat: self.beat },
    id: parseRelayId(inventedId()),
  }));
  return [self, ...others.map((news) => ({ ...news, beat: news.beat + 60 })), ...invented];
}

function inventedHeader(): { verifier: string; body_hash: string } {
  return { verifier: inventedId(), body_hash: inventedId() };
}
