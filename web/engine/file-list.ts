import type { FileStore, LocalFile } from './local-stores.ts';
import { Watchers } from './watchers.ts';

const CHANNEL = 'lanvault-files';

/** The files of this browser, kept up with this tab's changes and those of others. */
export class FileList {
  readonly #store: FileStore;
  readonly #watchers = new Watchers<readonly LocalFile[]>(() => this.#files);
  readonly #channel: BroadcastChannel | null;
  #files: readonly LocalFile[] = [];
  #reading: Promise<void> | null = null;
  #stale = false;

  /** `shared`: other tabs see the same store. */
  constructor(store: FileStore, shared: boolean) {
    this.#store = store;
    this.#channel = shared ? new BroadcastChannel(CHANNEL) : null;
    this.#channel?.addEventListener('message', () => {
      this.#refreshLater();
    });
  }

  get current(): readonly LocalFile[] {
    return this.#files;
  }

  watch(callback: (files: readonly LocalFile[]) => void): () => void {
    return this.#watchers.watch(callback);
  }

  /** Reads the store again and tells everyone, other tabs too. Resolves when the list is up to date. */
  async changed(): Promise<void> {
    this.#channel?.postMessage(null);
    await this.refresh();
  }

  /** Throws what the store throws. Calls that come while one reads share the next read. */
  async refresh(): Promise<void> {
    this.#stale = true;
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = null;
    });
    await this.#reading;
  }

  dispose(): void {
    this.#channel?.close();
    this.#watchers.dispose();
  }

  #refreshLater(): void {
    this.refresh().catch(reportError);
  }

  async #readAll(): Promise<void> {
    while (this.#stale) {
      this.#stale = false;
      this.#files = await this.#store.list();
      this.#watchers.changed();
    }
  }
}
