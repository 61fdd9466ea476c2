import { abortError } from '../../../../shared/errors.ts';
import type { EngineClock } from '../../../../shared/engine/clock.ts';

/** Time that passes only when everything waits for it: jumps to the next timer once no other work is left. */
export class VirtualClock implements EngineClock {
  #now = 0;
  #timers: { at: number; fire: () => void }[] = [];
  #running = false;

  now(): number {
    return this.#now;
  }

  /** Sleeps that have neither ended nor been aborted: a test's check for leaks. */
  get pending(): number {
    return this.#timers.length;
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(abortError(signal));
        return;
      }
      const onAbort = (): void => {
        this.#timers = this.#timers.filter((each) => each !== timer);
        reject(abortError(signal));
      };
      const timer = {
        at: this.#now + delayMs,
        fire: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#timers.push(timer);
    });
  }

  /** Lets time pass until `work` is settled, and gives its result. */
  async run<T>(work: Promise<T>): Promise<T> {
    if (this.#running) throw new Error('The clock already runs.');
    this.#running = true;
    let settled = false;
    work.then(
      () => (settled = true),
      () => (settled = true),
    );
    try {
      for (;;) {
        // All that happens without time happens in microtasks or in the turns of the event loop given here.
        for (let turn = 0; turn < 4 && !isTrue(settled); turn++) await new Promise(setImmediate);
        if (isTrue(settled)) return await work;
        this.#fireNext();
      }
    } finally {
      this.#running = false;
    }
  }

  #fireNext(): void {
    const at = Math.min(...this.#timers.map((timer) => timer.at));
    const due = this.#timers.find((timer) => timer.at === at);
    if (due === undefined) return;
    this.#timers = this.#timers.filter((timer) => timer !== due);
    this.#now = Math.max(this.#now, at);
    due.fire();
  }
}

/** Keeps the compiler from narrowing a variable that a callback changes. */
function isTrue(value: boolean): boolean {
  return value;
}
