/** Callbacks that follow a value: called at once, then on each change, at most once per interval (the last one counts). */
export class Watchers<T> {
  readonly #callbacks = new Set<(value: T) => void>();
  readonly #current: () => T;
  readonly #intervalMs: number;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #lastMs = -Infinity;

  /** `current` gives the value; it is called only when somebody watches. */
  constructor(current: () => T, intervalMs = 0) {
    this.#current = current;
    this.#intervalMs = intervalMs;
  }

  /** Returns how to stop. */
  watch(callback: (value: T) => void): () => void {
    // A function of its own, so that one callback may watch twice.
    const own = (value: T): void => callback(value);
    this.#callbacks.add(own);
    own(this.#current());
    return () => {
      this.#callbacks.delete(own);
    };
  }

  /** Says that the value has changed. */
  changed(): void {
    if (this.#timer !== null || this.#callbacks.size === 0) return;
    const waitMs = this.#lastMs + this.#intervalMs - performance.now();
    if (waitMs <= 0) {
      this.#notify();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#notify();
    }, waitMs);
  }

  /** Forgets all callbacks and ends the timer. */
  dispose(): void {
    this.#callbacks.clear();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #notify(): void {
    this.#lastMs = performance.now();
    const value = this.#current();
    for (const callback of [...this.#callbacks]) callback(value);
  }
}
