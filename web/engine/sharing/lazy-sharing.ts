import type { ManifestId } from '../../../shared/ids.ts';
import { lazily } from '../lazily.ts';
import type { StoredFile } from '../stored-file.ts';
import type { PageSharing } from './page-sharing.ts';
import type { LinkedFile, ShareLinks, Sharing } from './sharing-contract.ts';

/** The links of this page: their code is loaded with the first one. */
export class LazySharing implements Sharing {
  readonly #load: () => Promise<PageSharing>;
  #loaded: PageSharing | null = null;

  constructor(load: () => Promise<PageSharing>) {
    this.#load = lazily(async () => (this.#loaded = await load()));
  }

  /** A file that is open by its link; undefined if it is not. */
  opened(id: ManifestId): StoredFile | undefined {
    return this.#loaded?.opened(id);
  }

  async share(manifestId: ManifestId, signal: AbortSignal): Promise<ShareLinks> {
    return (await this.#load()).share(manifestId, signal);
  }

  async shareAsOwner(manifestId: ManifestId, signal: AbortSignal): Promise<ShareLinks> {
    return (await this.#load()).shareAsOwner(manifestId, signal);
  }

  async open(text: string, signal: AbortSignal): Promise<LinkedFile> {
    return (await this.#load()).open(text, signal);
  }

  async keep(manifestId: ManifestId): Promise<StoredFile> {
    return (await this.#load()).keep(manifestId);
  }

  async close(manifestId: ManifestId): Promise<void> {
    await (await this.#load()).close(manifestId);
  }
}
