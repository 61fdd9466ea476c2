/** What this browser keeps, and the manifests of all files in and out of it. Made by the Settings view. */
import { AppError } from '../../shared/errors.ts';
import type { BrowserStorage, ManifestId, StoredFile, ThisDevice } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

export interface Moving {
  readonly what: 'export' | 'import';
  readonly done: number;
  /** Null for an import: the file does not say. */
  readonly count: number | null;
}

export class Device implements Disposable {
  readonly #device: ThisDevice;
  readonly #notices: Notices;
  #storage = $state.raw<BrowserStorage | null>(null);
  #moving = $state.raw<Moving | null>(null);
  #abort = new AbortController();

  constructor(device: ThisDevice, notices: Notices) {
    this.#device = device;
    this.#notices = notices;
  }

  /** Null until the browser has told, and where it does not. */
  get storage(): BrowserStorage | null {
    return this.#storage;
  }

  /** Null while no manifests go in or out. */
  get moving(): Moving | null {
    return this.#moving;
  }

  async refresh(): Promise<void> {
    this.#storage = await this.#device.storage();
  }

  /** Asks the browser to keep what is stored here. */
  async persist(): Promise<void> {
    const kept = await this.#device.persist();
    await this.refresh();
    if (kept) return;
    this.#notices.info(
      'The browser did not promise it',
      'Most do once the app is installed or bookmarked. Keep an export of your manifests until then.',
    );
  }

  /** One file with the manifests of all; null after an error that is shown, and when it was cancelled. */
  async exportAll(files: readonly Pick<StoredFile, 'manifestId'>[]): Promise<Blob | null> {
    const ids: readonly ManifestId[] = files.map(({ manifestId }) => manifestId);
    const done = await this.#move('export', ids.length, (signal, onProgress) =>
      this.#device.exportManifests(ids, signal, onProgress),
    );
    if (done === null) return null;
    const [failure] = done.failures;
    if (failure !== undefined)
      this.#notices.error(
        `${ids.length - done.exported} of ${ids.length} manifests could not be read`,
        failure,
      );
    if (done.exported === 0) return null;
    this.#notices.info(
      `${manifests(done.exported)} saved`,
      'Whoever has this file can read all of them: keep it as you keep a key.',
    );
    return done.text;
  }

  /** Errors are shown; one bad manifest does not stop the others. */
  async importFrom(file: File): Promise<void> {
    const done = await this.#move('import', null, (signal, onProgress) =>
      this.#device.importManifests(file, signal, onProgress),
    );
    if (done === null) return;
    const [failure] = done.failures;
    if (failure !== undefined)
      this.#notices.error(
        done.imported === 0
          ? `${file.name} could not be imported`
          : `Some of ${file.name} could not be imported`,
        failure,
      );
    if (done.imported > 0) this.#notices.info(`${manifests(done.imported)} imported`);
    else if (failure === undefined) this.#notices.info(`${file.name} is empty`);
  }

  cancel(): void {
    this.#abort.abort();
  }

  [Symbol.dispose](): void {
    this.#abort.abort();
  }

  async #move<T>(
    what: Moving['what'],
    count: number | null,
    work: (signal: AbortSignal, onProgress: (done: number) => void) => Promise<T>,
  ): Promise<T | null> {
    if (this.#moving !== null) return null;
    const failed =
      what === 'export' ? 'The manifests could not be exported' : 'The file could not be imported';
    this.#abort = new AbortController();
    this.#moving = { what, done: 0, count };
    try {
      return await work(this.#abort.signal, (done) => (this.#moving = { what, done, count }));
    } catch (cause) {
      this.#notices.error(failed, AppError.from(cause));
      return null;
    } finally {
      this.#moving = null;
    }
  }
}

function manifests(count: number): string {
  return count === 1 ? '1 manifest' : `${count} manifests`;
}
