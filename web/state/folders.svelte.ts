/** The vault's folders, and what can be done with what is in them. */
import type { AppEngine } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

export class Folders implements Disposable {
  readonly #engine: AppEngine;
  readonly #notices: Notices;
  readonly #stop: () => void;
  #paths = $state.raw<readonly string[]>([]);

  constructor(engine: AppEngine, notices: Notices) {
    this.#engine = engine;
    this.#notices = notices;
    this.#stop = engine.vault.watchFolders((paths) => (this.#paths = paths));
  }

  /** Of all folders, in their order. */
  get paths(): readonly string[] {
    return this.#paths;
  }

  /** Throws `AppError`. */
  create(path: string): Promise<void> {
    return this.#engine.vault.createFolder(path);
  }

  /** A file or folder. Throws `AppError`. */
  rename(path: string, newName: string): Promise<void> {
    return this.#engine.vault.rename(path, newName);
  }

  /** Whether it worked; if not, the error is shown. */
  move(paths: readonly string[], targetFolder: string): Promise<boolean> {
    return this.#try('It could not be moved', this.#engine.vault.move(paths, targetFolder));
  }

  /** Files in it stay: delete those first. Whether it worked; if not, the error is shown. */
  remove(path: string): Promise<boolean> {
    return this.#try('The folder could not be removed', this.#engine.vault.removeFolder(path));
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  async #try(failure: string, action: Promise<void>): Promise<boolean> {
    try {
      await action;
      return true;
    } catch (cause) {
      this.#notices.error(failure, cause);
      return false;
    }
  }
}
