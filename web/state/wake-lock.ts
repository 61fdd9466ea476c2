/** https://w3c.github.io/screen-wake-lock/, as far as it is used here. */
export interface WakeLockPlatform {
  request(type: 'screen'): Promise<HeldWakeLock>;
}

interface HeldWakeLock {
  readonly released: boolean;
  release(): Promise<void>;
}

export interface WakeLockSurroundings {
  /** Undefined in browsers without it. */
  readonly wakeLock: WakeLockPlatform | undefined;
  readonly page: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;
}

/** Keeps the device awake while it is wanted. The browser lets go whenever the page is hidden: it is asked again then. */
export class WakeLock implements Disposable {
  readonly #surroundings: WakeLockSurroundings;
  #wanted = false;
  #held: HeldWakeLock | null = null;
  #settling = false;

  constructor(surroundings: WakeLockSurroundings) {
    this.#surroundings = surroundings;
    surroundings.page.addEventListener('visibilitychange', this.#update);
  }

  want(wanted: boolean): void {
    this.#wanted = wanted;
    this.#update();
  }

  [Symbol.dispose](): void {
    this.#surroundings.page.removeEventListener('visibilitychange', this.#update);
    this.want(false);
  }

  readonly #update = (): void => {
    if (!this.#settling) void this.#settle();
  };

  /** Until what is held is what is wanted. Never rejects. */
  async #settle(): Promise<void> {
    const { wakeLock, page } = this.#surroundings;
    if (wakeLock === undefined) return;
    this.#settling = true;
    try {
      for (;;) {
        const held = this.#held !== null && !this.#held.released ? this.#held : null;
        const wanted = this.#wanted && page.visibilityState === 'visible';
        if (wanted === (held !== null)) return;
        if (held !== null) await held.release();
        else this.#held = await wakeLock.request('screen');
      }
    } catch {
      return; // The battery is low, or the page was hidden just now: it is asked again when it is shown.
    } finally {
      this.#settling = false;
    }
  }
}
