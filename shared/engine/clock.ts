/** Time as the engine sees it, so that tests can hold it in their hands. */
import { abortError } from '../errors.ts';

export interface EngineClock {
  /** Monotonic, ms. */
  now(): number;
  /** Resolves after `delayMs`; rejects with `ABORTED` (or the signal's own `AppError`) when the signal fires first. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: EngineClock = {
  now: () => performance.now(),
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(abortError(signal));
        return;
      }
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, delayMs);
      function onAbort(): void {
        clearTimeout(timer);
        reject(abortError(signal));
      }
      signal.addEventListener('abort', onAbort, { once: true });
    });
  },
};
