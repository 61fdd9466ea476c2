import { abortError } from '../../../../shared/errors.ts';
import type { SwarmLock } from '../../../../web/engine/contract.ts';

/** The part of a `SwarmGate` that transfers see, locked and opened by hand. */
export class LockableGate {
  locks = 0;
  readonly #waiting = new Set<() => void>();
  #lock: SwarmLock | null = null;

  get lock(): SwarmLock | null {
    return this.#lock;
  }

  set lock(lock: SwarmLock | null) {
    if (this.#lock === null && lock !== null) this.locks++;
    this.#lock = lock;
    if (lock === null) for (const open of this.#waiting) open();
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  whenOpen(signal: AbortSignal): Promise<void> {
    if (this.#lock === null) return Promise.resolve();
    return new Promise<void>((resolve, reject) => {
      const open = (): void => {
        this.#waiting.delete(open);
        resolve();
      };
      this.#waiting.add(open);
      signal.addEventListener('abort', () => {
        this.#waiting.delete(open);
        reject(abortError(signal));
      });
    });
  }
}
