import type { CapabilityLink, OwnerLink } from '../../shared/format/capability.ts';
import type { ChunkId, ManifestId } from '../../shared/ids.ts';
import type { LinkChunk, ShareStore, SharedManifest } from './local-stores.ts';

const NO_LINKS: SharedManifest = { link: null, ownerLink: null, chunks: [] };

/** Links that were given out, for the session only. */
export class MemoryShares implements ShareStore {
  readonly #shares = new Map<ManifestId, SharedManifest>();

  get(manifestId: ManifestId): Promise<SharedManifest | null> {
    return Promise.resolve(this.#shares.get(manifestId) ?? null);
  }

  addChunk(manifestId: ManifestId, chunk: LinkChunk): Promise<void> {
    return this.#change(manifestId, (shared) => ({ ...shared, chunks: [...shared.chunks, chunk] }));
  }

  async *references(): AsyncGenerator<ChunkId> {
    for (const { link, ownerLink, chunks } of await Promise.resolve([...this.#shares.values()])) {
      if (link !== null) yield link.id;
      if (ownerLink !== null) yield ownerLink.id;
      for (const { id } of chunks) yield id;
    }
  }

  setLink(manifestId: ManifestId, link: CapabilityLink): Promise<void> {
    return this.#change(manifestId, (shared) => ({ ...shared, link }));
  }

  setOwnerLink(manifestId: ManifestId, ownerLink: OwnerLink): Promise<void> {
    return this.#change(manifestId, (shared) => ({ ...shared, ownerLink }));
  }

  remove(manifestId: ManifestId): Promise<void> {
    this.#shares.delete(manifestId);
    return Promise.resolve();
  }

  #change(manifestId: ManifestId, change: (shared: SharedManifest) => SharedManifest): Promise<void> {
    this.#shares.set(manifestId, change(this.#shares.get(manifestId) ?? NO_LINKS));
    return Promise.resolve();
  }
}
