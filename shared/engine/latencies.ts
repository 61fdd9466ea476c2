/** How long to wait for a holder before the next one is asked as well. */
import { HEDGE_INITIAL_MS, HEDGE_MAX_MS, HEDGE_MIN_MS, LATENCY_SAMPLES } from '../limits.ts';

/**
 * Hedge after the 95th percentile of late successful fetches (Dean and Barroso, "The Tail at Scale", 2013): about one
 * fetch in twenty is sent twice, and the slowest twentieth is cut off.
 */
export class Latencies {
  readonly #samples: number[] = [];
  #next = 0;

  add(latencyMs: number): void {
    this.#samples[this.#next] = latencyMs;
    this.#next = (this.#next + 1) % LATENCY_SAMPLES;
  }

  hedgeDelayMs(): number {
    if (this.#samples.length === 0) return HEDGE_INITIAL_MS;
    const sorted = this.#samples.toSorted((a, b) => a - b);
    const p95 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? HEDGE_INITIAL_MS;
    return Math.min(Math.max(p95, HEDGE_MIN_MS), HEDGE_MAX_MS);
  }
}
