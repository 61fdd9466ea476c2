/** Lets a bounded number in at once and turns the rest away, so that memory stays bounded. */
import { AppError } from '../../shared/errors.ts';

export class Gate {
  readonly #capacity: number;
  readonly #busyMessage: string;
  #inside = 0;

  constructor(capacity: number, busyMessage: string) {
    this.#capacity = capacity;
    this.#busyMessage = busyMessage;
  }

  get inside(): number {
    return this.#inside;
  }

  /** Runs `task` inside. Throws `RATE_LIMITED` when there is no place, and what `task` throws. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#capacity) throw new AppError('RATE_LIMITED', this.#busyMessage);
    this.#inside++;
    try {
      return await task();
    } finally {
      this.#inside--;
    }
  }
}
