import { AppError } from '../../../shared/errors.ts';
import { foldersAbove } from '../../../shared/format/file-path.ts';
import type { FileList } from '../file-list.ts';
import { lazily } from '../lazily.ts';
import type { StoredFile } from '../stored-file.ts';
import { Watchers } from '../watchers.ts';
import type { PageVault } from './page-vault.ts';
import type { RestoredVault, VaultPort, VaultStatus } from './vault-contract.ts';
import type { Listing } from './vault-listing.ts';
import { OPENING } from './vault-status.ts';

export interface LazyVaultOptions {
  readonly local: FileList;
  /** Whether this browser keeps an index: the list of files then waits for it. */
  readonly hasIndex: () => Promise<boolean>;
  /** Fetches the code. */
  readonly load: (hears: {
    readonly onListing: (listing: Listing) => void;
    readonly onStatus: (status: VaultStatus) => void;
  }) => Promise<PageVault>;
}

/** The vault from the first paint on: its code is loaded after that, and until then the list is what lies in this browser. */
export class LazyVault implements VaultPort, AsyncDisposable {
  readonly #options: LazyVaultOptions;
  readonly #files = new Watchers<readonly StoredFile[] | null>(() => this.#listing?.files ?? null);
  readonly #folders = new Watchers<readonly string[]>(() => this.#listing?.folders ?? []);
  readonly #statuses = new Watchers<VaultStatus>(() => this.#status);
  readonly #stopLocal: () => void;
  #listing: Listing | null = null;
  #status = OPENING;
  #loaded: PageVault | null = null;
  #isTold = false;
  #isDisposed = false;

  constructor(options: LazyVaultOptions) {
    this.#options = options;
    this.#stopLocal = options.local.watch((files) => {
      if (this.#isTold || this.#listing === null) return;
      this.#showLocal();
      if (files.length > 0) this.#loadLater();
    });
  }

  /** What people see; none before the list is known. */
  get files(): readonly StoredFile[] {
    return this.#listing?.files ?? [];
  }

  /** Shows the list, from the index where there is one, and begins to keep it in step, unless there is nothing in it yet. */
  async start(): Promise<void> {
    const hasIndex = await this.#options.hasIndex();
    if (!hasIndex) this.#showLocal();
    // Of a vault without files nobody else has the words: there is nothing to be compared.
    if (hasIndex || this.#options.local.current.length > 0) this.#loadLater();
  }

  /** Called as soon as the list is known, and on each change. */
  watchFiles(callback: (files: readonly StoredFile[]) => void): () => void {
    return this.#files.watch((files) => {
      if (files !== null) callback(files);
    });
  }

  watchFolders(callback: (folders: readonly string[]) => void): () => void {
    return this.#folders.watch(callback);
  }

  watchStatus(callback: (status: VaultStatus) => void): () => void {
    this.#loadLater();
    return this.#statuses.watch(callback);
  }

  async createFolder(path: string): Promise<void> {
    await (await this.loaded()).createFolder(path);
  }

  async rename(path: string, newName: string): Promise<void> {
    await (await this.loaded()).rename(path, newName);
  }

  async move(paths: readonly string[], targetFolder: string): Promise<void> {
    await (await this.loaded()).move(paths, targetFolder);
  }

  async removeFolder(path: string): Promise<void> {
    await (await this.loaded()).removeFolder(path);
  }

  async compare(signal: AbortSignal): Promise<void> {
    await (await this.loaded()).compare(signal);
  }

  async phrase(): Promise<string> {
    return (await this.loaded()).phrase();
  }

  async phraseWords(): Promise<readonly string[]> {
    return (await this.loaded()).phraseWords();
  }

  async restore(phrase: string, signal: AbortSignal): Promise<RestoredVault> {
    return (await this.loaded()).restore(phrase, signal);
  }

  /** The vault itself. Throws `UNAVAILABLE` where its code does not come; it is tried again the next time. */
  readonly loaded = lazily(() => this.#load());

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#stopLocal();
    await this.#loaded?.[Symbol.asyncDispose]();
    for (const watchers of [this.#files, this.#folders, this.#statuses]) watchers.dispose();
  }

  #loadLater(): void {
    this.loaded().catch((cause: unknown) => {
      if (this.#isDisposed) return;
      if (this.#listing === null) this.#showLocal();
      const { code, message } = AppError.from(cause);
      this.#setStatus({ ...this.#status, state: 'failed', error: { code, message } });
    });
  }

  async #load(): Promise<PageVault> {
    const vault = await this.#options.load({
      onListing: (listing) => {
        this.#isTold = true;
        this.#show(listing);
      },
      onStatus: (status) => this.#setStatus(status),
    });
    try {
      if (this.#isDisposed) throw new AppError('ABORTED', 'The page has ended.');
      await vault.start();
      this.#loaded = vault;
      return vault;
    } catch (cause) {
      await vault[Symbol.asyncDispose]();
      throw cause;
    }
  }

  #showLocal(): void {
    const files = this.#options.local.current;
    const folders = new Set(files.flatMap(({ path }) => [...foldersAbove(path)]));
    this.#show({ files, folders: [...folders].sort() });
  }

  #show(listing: Listing): void {
    this.#listing = listing;
    this.#files.changed();
    this.#folders.changed();
  }

  #setStatus(status: VaultStatus): void {
    this.#status = status;
    this.#statuses.changed();
  }
}
