/** A newer version of the app that waits to take over. It never does so by itself: a transfer may be under way. */
import type { AppEngine } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

export class AppUpdate implements Disposable {
  readonly #engine: AppEngine;
  readonly #notices: Notices;
  readonly #stop: () => void;
  #ready = $state(false);
  #postponed = $state(false);

  constructor(engine: AppEngine, notices: Notices) {
    this.#engine = engine;
    this.#notices = notices;
    this.#stop = engine.watchUpdate((ready) => {
      this.#ready = ready;
    });
  }

  /** Whether to offer it: one waits and the user has not put it off. */
  get offered(): boolean {
    return this.#ready && !this.#postponed;
  }

  /** Activates it and reloads the page. */
  async apply(): Promise<void> {
    try {
      await this.#engine.applyUpdate();
    } catch (cause) {
      this.#notices.error('The update has to wait', cause);
    }
  }

  /** Not during this visit; the next one gets it anyway. */
  postpone(): void {
    this.#postponed = true;
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
