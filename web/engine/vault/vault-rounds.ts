import type { EngineClock } from '../../../shared/engine/clock.ts';
import {
  VAULT_PUBLISH_DELAY_MS,
  VAULT_READ_INTERVAL_MS,
  VAULT_READ_PAUSE_MS,
  VAULT_RETRY_FIRST_MS,
  VAULT_RETRY_MAX_MS,
} from '../../../shared/limits.ts';

/** Longer than any visit; more than browsers' timers take would fire at once. */
const FOREVER_MS = 2 ** 31 - 1;

export interface VaultRoundsOptions {
  readonly clock: EngineClock;
  readonly page: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;
  /** Compares with the other devices. False when it could not be done now, without anything being wrong. */
  readonly round: (signal: AbortSignal) => Promise<boolean>;
  /** Whether there is something to be published, looked at or not. */
  readonly isUrgent: () => boolean;
  readonly onError: (cause: unknown) => void;
}

/** When the vault's devices are compared: after changes, every so often while somebody looks, and after failures later and later. */
export class VaultRounds {
  readonly #options: VaultRoundsOptions;
  readonly #disposed = new AbortController();
  #wake = new AbortController();
  #dueMs = 0;
  #endedMs = -Infinity;
  #failures = 0;

  constructor(options: VaultRoundsOptions) {
    this.#options = options;
    options.page.addEventListener('visibilitychange', this.#looked);
  }

  /** Begins with one at once. Resolves after `dispose`. */
  async run(): Promise<void> {
    const { signal } = this.#disposed;
    try {
      for (;;) {
        await this.#rest(signal);
        this.#dueMs = Infinity;
        await this.#once(signal);
      }
    } catch (cause) {
      if (!signal.aborted) throw cause;
    }
  }

  /** There is something new to publish. */
  soon(): void {
    this.#dueAt(this.#options.clock.now() + VAULT_PUBLISH_DELAY_MS);
  }

  /** Ends the one under way, too. */
  dispose(): void {
    this.#options.page.removeEventListener('visibilitychange', this.#looked);
    this.#disposed.abort();
  }

  async #once(signal: AbortSignal): Promise<void> {
    const { clock, round, onError } = this.#options;
    let waitMs = VAULT_READ_INTERVAL_MS;
    try {
      if (!(await round(signal))) waitMs = VAULT_RETRY_FIRST_MS;
      this.#failures = 0;
    } catch (cause) {
      if (signal.aborted) throw cause;
      onError(cause);
      waitMs = Math.min(VAULT_RETRY_FIRST_MS * 2 ** this.#failures++, VAULT_RETRY_MAX_MS);
    }
    this.#endedMs = clock.now();
    this.#dueAt(this.#endedMs + waitMs);
  }

  /** Until the next one is due and wanted. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { clock, page, isUrgent } = this.#options;
    for (;;) {
      const wanted = page.visibilityState === 'visible' || isUrgent();
      const waitMs = wanted ? this.#dueMs - clock.now() : FOREVER_MS;
      if (waitMs <= 0) return;
      this.#wake = new AbortController();
      const { signal: woken } = this.#wake;
      try {
        await clock.sleep(waitMs, AbortSignal.any([signal, woken]));
      } catch (cause) {
        if (!woken.aborted || signal.aborted) throw cause;
      }
    }
  }

  #dueAt(dueMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, dueMs);
    this.#wake.abort();
  }

  readonly #looked = (): void => {
    if (this.#options.page.visibilityState !== 'visible') return;
    this.#dueAt(Math.max(this.#options.clock.now(), this.#endedMs + VAULT_READ_PAUSE_MS));
  };
}
