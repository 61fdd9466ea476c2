import { unwrapSecret, wrapSecret } from '../../../shared/crypto/device-key.ts';
import type { CapabilityLink } from '../../../shared/format/capability.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import type { LinkChunk, ShareStore, SharedManifest } from '../local-stores.ts';
import type { LanvaultDatabase, ShareRecord } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';

const keyContext = (id: ManifestId): string => `link key ${id}`;
const NOTHING: ShareRecord = { link: null, chunks: [] };

/** Links that were given out, in IndexedDB. */
export class IdbShares implements ShareStore {
  readonly #database: LanvaultDatabase;
  readonly #deviceKey: CryptoKey;

  constructor(database: LanvaultDatabase, deviceKey: CryptoKey) {
    this.#database = database;
    this.#deviceKey = deviceKey;
  }

  async get(manifestId: ManifestId): Promise<SharedManifest | null> {
    const record = await withStorageErrors(() => this.#database.get('shares', manifestId));
    if (record === undefined) return null;
    const { link, chunks } = record;
    if (link === null) return { link, chunks };
    const key = await unwrapSecret(link.key, this.#deviceKey, keyContext(manifestId));
    return { link: { id: link.id, key }, chunks };
  }

  addChunk(manifestId: ManifestId, chunk: LinkChunk): Promise<void> {
    return this.#change(manifestId, (record) => ({ ...record, chunks: [...record.chunks, chunk] }));
  }

  async setLink(manifestId: ManifestId, { id, key }: CapabilityLink): Promise<void> {
    const link = { id, key: await wrapSecret(key, this.#deviceKey, keyContext(manifestId)) };
    await this.#change(manifestId, (record) => ({ ...record, link }));
  }

  async remove(manifestId: ManifestId): Promise<void> {
    await withStorageErrors(() => this.#database.delete('shares', manifestId));
  }

  async #change(manifestId: ManifestId, change: (record: ShareRecord) => ShareRecord): Promise<void> {
    await withStorageErrors(async () => {
      const transaction = this.#database.transaction('shares', 'readwrite', { durability: 'strict' });
      const record = await transaction.store.get(manifestId);
      await Promise.all([transaction.store.put(change(record ?? NOTHING), manifestId), transaction.done]);
    });
  }
}
