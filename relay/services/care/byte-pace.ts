/** Bytes a second, and no more than one second's worth at once; those who wait are served in turn. */
import type { Clock } from '../ports.ts';

const BURST_MS = 1000;

export class BytePace {
  readonly #clock: Pick<Clock, 'now' | 'sleep'>;
  readonly #bytesPerSecond: number;
  /** Until when what has been taken is paid for. */
  #paidUntil = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, 'now' | 'sleep'>, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Resolves when `sizeBytes` may be spent. Throws `ABORTED`. */
  async take(sizeBytes: number, signal: AbortSignal): Promise<void> {
    const now = this.#clock.now();
    const costMs = (sizeBytes / this.#bytesPerSecond) * 1000;
    this.#paidUntil = Math.max(this.#paidUntil, now - BURST_MS) + costMs;
    const waitMs = this.#paidUntil - now;
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
  }
}
