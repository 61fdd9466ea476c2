/** Bytes that may be held at once, over all links of this relay. */
export class ByteBudget {
  readonly #limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Takes `sizeBytes` if they are there, and says whether it did. */
  tryReserve(sizeBytes: number): boolean {
    if (this.#usedBytes + sizeBytes > this.#limitBytes) return false;
    this.#usedBytes += sizeBytes;
    return true;
  }

  release(sizeBytes: number): void {
    this.#usedBytes -= sizeBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }
}
