/** The catalog service over fake records, and its routes on a server. */
import { DEFAULT_LIMITS } from '../../../../relay/config/config.ts';
import { registerCatalogRoutes } from '../../../../relay/http/catalog-routes.ts';
import { createHttpServer } from '../../../../relay/http/server.ts';
import type { HttpServer } from '../../../../relay/http/server.ts';
import { Catalog } from '../../../../relay/services/catalog/catalog.ts';
import { toBase64Url, toHex } from '../../../../shared/bytes.ts';
import { createSigner } from '../../../../shared/crypto/sign.ts';
import type { Signer } from '../../../../shared/crypto/sign.ts';
import { catalogListOf, formatPublication } from '../../../../shared/protocol/catalog.ts';
import type { Publication } from '../../../../shared/protocol/catalog.ts';
import { entryId, signEntry } from '../../../../shared/protocol/records.ts';
import type { ListEntry, RecordKey } from '../../../../shared/protocol/records.ts';
import { ManualClock } from '../relay-rig.ts';
import { FakeRecords } from './fake-records.ts';

export const publication = (changes: Partial<Publication> = {}): Publication => ({
  name: 'thesis.pdf',
  size: 2_500_000,
  type: 'application/pdf',
  created: '2026-11-23T05:00:00Z',
  manifest: 'ab'.repeat(32),
  key: toBase64Url(new Uint8Array(32).fill(9), { padding: false }),
  ...changes,
});

export interface Published {
  readonly signer: Signer;
  readonly list: RecordKey;
  readonly entry: ListEntry;
  readonly id: string;
}

/** Signers by number, each the same in every run. */
export function signerOf(number: number): Promise<Signer> {
  const seed = new Uint8Array(32);
  new DataView(seed.buffer).setUint32(0, number);
  return createSigner(seed);
}

export async function signed(signer: Signer, changes: Partial<Publication> = {}): Promise<Published> {
  return signedValue(signer, formatPublication(publication(changes)));
}

/** Whatever the value: a signature makes nothing a publication. */
export async function signedValue(signer: Signer, value: string): Promise<Published> {
  const list = catalogListOf(toHex(signer.publicKey));
  const entry = await signEntry(signer, list, value);
  return { signer, list, entry, id: entryId(list, entry) };
}

export class CatalogRig implements AsyncDisposable {
  readonly records = new FakeRecords();
  readonly clock = new ManualClock();
  readonly server: HttpServer;
  readonly catalog: Catalog;
  readonly #stopped = new AbortController();

  private constructor() {
    const { records, clock } = this;
    this.catalog = new Catalog({ records, clock, stopped: this.#stopped.signal });
    this.server = createHttpServer({
      config: { limits: DEFAULT_LIMITS, allowedHosts: [], logLevel: 'silent' },
      now: () => clock.now(),
    });
  }

  static async start(): Promise<CatalogRig> {
    const rig = new CatalogRig();
    const { catalog, clock, server } = rig;
    server.removeAllContentTypeParsers();
    const maxRequestsPerClient = DEFAULT_LIMITS.maxRequestsPerClient;
    await registerCatalogRoutes(server, { catalog, now: () => clock.now(), maxRequestsPerClient });
    return rig;
  }

  stop(): void {
    this.#stopped.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.server.close();
  }
}
