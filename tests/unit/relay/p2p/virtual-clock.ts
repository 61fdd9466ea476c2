import { abortError } from '../../../../shared/errors.ts';
import type { Clock } from '../../../../relay/services/ports.ts';

interface Timer {
  at: number;
  readonly run: () => void;
  readonly everyMs: number | undefined;
}

/** Time that passes only by `advance`. */
export class VirtualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  uptime(): number {
    return this.now();
  }

  wallTime(): number {
    return 1_700_000_000_000 + this.#now;
  }

  every(intervalMs: number, callback: () => void, signal: AbortSignal): void {
    this.#add({ at: this.#now + intervalMs, run: callback, everyMs: intervalMs }, signal);
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#add({ at: this.#now + delayMs, run: resolve, everyMs: undefined }, signal);
      signal.addEventListener('abort', () => reject(abortError(signal)), { once: true });
    });
  }

  /** Runs what is due until then, in order, and lets promises settle in between. */
  async advance(byMs: number): Promise<void> {
    const end = this.#now + byMs;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#now = due.at;
      if (due.everyMs === undefined) this.#timers.delete(due);
      else due.at += due.everyMs;
      due.run();
      await settled();
    }
    this.#now = end;
    await settled();
  }

  #add(timer: Timer, signal: AbortSignal): void {
    if (signal.aborted) return;
    this.#timers.add(timer);
    signal.addEventListener('abort', () => this.#timers.delete(timer), { once: true });
  }
}

/** All promise callbacks that are due have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
