/** How much of the past counts: progress comes in steps of a block, so less than this would make the figure jump. */
const TIME_CONSTANT_MS = 5_000;
/** Younger than this, an estimate says more about the first block than about the network. */
const WARM_UP_MS = 1_000;

/**
 * Smoothed speed of a transfer: bytes and time, both decaying exponentially, so that the first figures are not biased
 * towards zero and a stall shows as a falling speed. Times in ms from a monotonic clock.
 */
export class SpeedEstimator {
  #lastMs: number;
  #lastBytes: number;
  /** Decayed sums. */
  #bytes = 0;
  #ms = 0;
  #elapsedMs = 0;

  constructor(nowMs: number, initialBytes = 0) {
    this.#lastMs = nowMs;
    this.#lastBytes = initialBytes;
  }

  /** `totalBytes` so far, initial ones included. */
  update(nowMs: number, totalBytes: number): void {
    const elapsedMs = nowMs - this.#lastMs;
    const decay = Math.exp(-elapsedMs / TIME_CONSTANT_MS);
    const weightedMs = TIME_CONSTANT_MS * (1 - decay);
    // Bytes weigh as if they had come evenly over the time since the last update, as that time itself does.
    const share = elapsedMs > 0 ? weightedMs / elapsedMs : 1;
    this.#bytes = this.#bytes * decay + (totalBytes - this.#lastBytes) * share;
    this.#ms = this.#ms * decay + weightedMs;
    this.#elapsedMs += elapsedMs;
    this.#lastMs = nowMs;
    this.#lastBytes = totalBytes;
  }

  /** Null while there is too little to tell. */
  bytesPerSecond(): number | null {
    return this.#elapsedMs < WARM_UP_MS ? null : (this.#bytes / this.#ms) * 1000;
  }

  /** Whole seconds, rounded up; null while unknown, or when nothing moves. */
  secondsLeft(remainingBytes: number): number | null {
    const speed = this.bytesPerSecond();
    if (remainingBytes <= 0) return 0;
    return speed === null || speed < 1 ? null : Math.ceil(remainingBytes / speed);
  }
}
