/** Whether this relay may give out the chunks that it holds: not before it has heard of what was deleted while it was away. */
import { AppError } from '../../../shared/errors.ts';
import type { ChunkId } from '../../../shared/ids.ts';
import type { DoubtfulTable } from '../../storage/doubtful-table.ts';

export class ServingGate {
  readonly #doubtful: Pick<DoubtfulTable, 'has'>;
  #open: boolean;

  /** `open`: from the beginning, for a relay that starts without chunks. */
  constructor(doubtful: Pick<DoubtfulTable, 'has'>, open: boolean) {
    this.#doubtful = doubtful;
    this.#open = open;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  open(): void {
    this.#open = true;
  }

  /** Throws `UNAVAILABLE` for a chunk that must not leave this relay yet: not to a client, not to another relay. */
  assertServes(id: ChunkId): void {
    if (!this.#open) {
      throw new AppError(
        'UNAVAILABLE',
        'This relay has just started, and learns first what was deleted meanwhile. Try again in a few seconds.',
      );
    }
    if (this.#doubtful.has(id)) {
      throw new AppError(
        'UNAVAILABLE',
        'This relay was away for so long that it does not know if the chunk was deleted, and no other relay holds it.',
      );
    }
  }
}
