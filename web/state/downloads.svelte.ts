/** Downloads that this page itself carries out; with a service worker the browser shows its own. */
import { SvelteMap } from 'svelte/reactivity';
import type { AppEngine, ManifestId, StoredFile } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

export interface Download {
  readonly id: ManifestId;
  readonly name: string;
  readonly sizeBytes: number;
  readonly receivedBytes: number;
}

export class Downloads implements Disposable {
  readonly #engine: AppEngine;
  readonly #notices: Notices;
  readonly #aborts = new SvelteMap<ManifestId, AbortController>();
  #list = $state.raw<readonly Download[]>([]);

  constructor(engine: AppEngine, notices: Notices) {
    this.#engine = engine;
    this.#notices = notices;
  }

  /** Those that report progress. */
  get list(): readonly Download[] {
    return this.#list;
  }

  get active(): boolean {
    return this.#list.length > 0;
  }

  /** Resolves when the file is saved or handed to the browser. A second start of the same file is ignored. */
  async start(file: StoredFile): Promise<void> {
    if (this.#aborts.has(file.manifestId)) return;
    const abort = new AbortController();
    this.#aborts.set(file.manifestId, abort);
    const { manifestId: id, name, sizeBytes } = file;
    const report = (receivedBytes: number): void => this.#put({ id, name, sizeBytes, receivedBytes });
    if (!this.#engine.abilities.streaming) report(0);
    try {
      await this.#engine.download(id, abort.signal, report);
    } catch (cause) {
      this.#notices.error(`${name} could not be downloaded`, cause);
    } finally {
      this.#aborts.delete(id);
      this.#list = this.#list.filter((download) => download.id !== id);
    }
  }

  cancel(id: ManifestId): void {
    this.#aborts.get(id)?.abort();
  }

  [Symbol.dispose](): void {
    for (const abort of this.#aborts.values()) abort.abort();
  }

  #put(download: Download): void {
    if (!this.#aborts.has(download.id)) return;
    const others = this.#list.filter((other) => other.id !== download.id);
    this.#list = [...others, download];
  }
}
