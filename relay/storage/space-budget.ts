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

  /**
   * Runs `write` with room for `sizeBytes` reserved. Reservations count against both bounds, so that concurrent writes
   * cannot pass them together. Throws `NO_SPACE`, and what `write` throws.
   */
  async withRoom<T>(sizeBytes: number, write: () => Promise<T>): Promise<T> {
    const { capacityBytes, floorBytes, usedBytes, freeBytes } = this.#options;
    if (capacityBytes === 0) throw new AppError('NO_SPACE', 'This relay stores nothing.');
    this.#reservedBytes += sizeBytes;
    try {
      if (usedBytes() + this.#reservedBytes > capacityBytes) {
        throw new AppError('NO_SPACE', 'This relay has used up the capacity it was given.');
      }
      if ((await freeBytes()) - this.#reservedBytes < floorBytes) {
        throw new AppError('NO_SPACE', 'The disk of this relay is nearly full.');
      }
      return await write();
    } finally {
      this.#reservedBytes -= sizeBytes;
    }
  }
}
