import { unwrapSecret, wrapSecret } from '../../../shared/crypto/device-key.ts';
import type { Bytes } from '../../../shared/bytes.ts';
import type { WrappedSecret } from '../../../shared/crypto/device-key.ts';
import type { CapabilityLink, OwnerLink } from '../../../shared/format/capability.ts';
import type { ChunkId, ManifestId } from '../../../shared/ids.ts';
import type { LinkChunk, ShareStore, SharedManifest } from '../local-stores.ts';
import type { LanvaultDatabase, ShareRecord } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';

export const linkKeyContext = (id: ManifestId): string => `link key ${id}`;
export const ownerKeyContext = (id: ManifestId): string => `owner link key ${id}`;
export const ownerTokenContext = (id: ManifestId): string => `owner link token ${id}`;
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
    const { link, ownerLink, chunks } = record;
    const unwrap = (secret: WrappedSecret, context: string): Promise<Bytes> =>
      unwrapSecret(secret, this.#deviceKey, context);
    return {
      link: link === null ? null : { id: link.id, key: await unwrap(link.key, linkKeyContext(manifestId)) },
      ownerLink:
        ownerLink === undefined
          ? null
          : {
              id: ownerLink.id,
              key: await unwrap(ownerLink.key, ownerKeyContext(manifestId)),
              token: await unwrap(ownerLink.token, ownerTokenContext(manifestId)),
            },
      chunks,
    };
  }

  addChunk(manifestId: ManifestId, chunk: LinkChunk): Promise<void> {
    return this.#change(manifestId, (record) => ({ ...record, chunks: [...record.chunks, chunk] }));
  }

  async setLink(manifestId: ManifestId, { id, key }: CapabilityLink): Promise<void> {
    const link = { id, key: await wrapSecret(key, this.#deviceKey, linkKeyContext(manifestId)) };
    await this.#change(manifestId, (record) => ({ ...record, link }));
  }

  async setOwnerLink(manifestId: ManifestId, { id, key, token }: OwnerLink): Promise<void> {
    const ownerLink = {
      id,
      key: await wrapSecret(key, this.#deviceKey, ownerKeyContext(manifestId)),
      token: await wrapSecret(token, this.#deviceKey, ownerTokenContext(manifestId)),
    };
    await this.#change(manifestId, (record) => ({ ...record, ownerLink }));
  }

  async remove(manifestId: ManifestId): Promise<void> {
    await withStorageErrors(() => this.#database.delete('shares', manifestId));
  }

  async *references(): AsyncGenerator<ChunkId> {
    for (const { link, ownerLink, chunks } of await withStorageErrors(() =>
      this.#database.getAll('shares'),
    )) {
      if (link !== null) yield link.id;
      if (ownerLink !== undefined) yield ownerLink.id;
      for (const { id } of chunks) yield id;
    }
  }

  async #change(manifestId: ManifestId, change: (record: ShareRecord) => ShareRecord): Promise<void> {
    await withStorageErrors(async () => {
      const transaction = this.#database.transaction('shares', 'readwrite', { durability: 'strict' });
      const record = await transaction.store.get(manifestId);
      await Promise.all([transaction.store.put(change(record ?? NOTHING), manifestId), transaction.done]);
    });
  }
}
