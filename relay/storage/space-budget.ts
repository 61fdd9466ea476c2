/** Who may still write: the declared capacity and the free-space floor, with room reserved before the first byte. */
import { AppError } from '../../shared/errors.ts';

export interface SpaceBudgetOptions {
  readonly capacityBytes: number;
  /** Bytes on the file system that are never used. */
  readonly floorBytes: number;
  readonly usedBytes: () => number;
  readonly freeBytes: () => Promise<number>;
}

export class SpaceBudget {
  readonly #options: SpaceBudgetOptions;
  #reservedBytes = 0;

  constructor(options: SpaceBudgetOptions) {
    this.#options = options;
  }

  /** Whether `sizeBytes` more would be taken now. Throws what `freeBytes` throws. */
  async hasRoom(sizeBytes: number): Promise<boolean> {
    return (await this.#refusal(this.#reservedBytes + sizeBytes)) === null;
  }

  /** Bytes that may still be written, within the capacity and above the floor; none to a disk that cannot be asked. */
  async room(): Promise<number> {
    const { capacityBytes, floorBytes, usedBytes, freeBytes } = this.#options;
    if (capacityBytes === 0) return 0;
    const free = await freeBytes().catch(() => 0);
    return Math.max(0, Math.min(capacityBytes - usedBytes(), free - floorBytes) - this.#reservedBytes);
  }

  /**
   * Runs `write` with room for `sizeBytes` reserved. Reservations count against both bounds, so that concurrent writes
   * cannot pass them together. Throws `NO_SPACE`, and what `write` throws.
   */
  async withRoom<T>(sizeBytes: number, write: () => Promise<T>): Promise<T> {
    this.#reservedBytes += sizeBytes;
    try {
      const refusal = await this.#refusal(this.#reservedBytes);
      if (refusal !== null) throw new AppError('NO_SPACE', refusal);
      return await write();
    } finally {
      this.#reservedBytes -= sizeBytes;
    }
  }

  /** Why so many bytes more are too many, or null. */
  async #refusal(moreBytes: number): Promise<string | null> {
    const { capacityBytes, floorBytes, usedBytes, freeBytes } = this.#options;
    if (capacityBytes === 0) return 'This relay stores nothing.';
    if (usedBytes() + moreBytes > capacityBytes) return 'This relay has used up the capacity it was given.';
    if ((await freeBytes()) - moreBytes < floorBytes) return 'The disk of this relay is nearly full.';
    return null;
  }
}
