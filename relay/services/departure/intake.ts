/** Whether this relay takes chunks in, and which are coming in: a relay that leaves has to know when the last one is there. */
import { AppError } from '../../../shared/errors.ts';

export class Intake {
  #open = true;
  #inside = 0;
  #waiting: (() => void)[] = [];

  get isOpen(): boolean {
    return this.#open;
  }

  /** Runs `store`. Throws `NO_SPACE` while the relay takes nothing in, so that clients take the next relay in order. */
  async run<T>(store: () => Promise<T>): Promise<T> {
    if (!this.#open) throw new AppError('NO_SPACE', 'This relay is leaving the swarm.');
    this.#inside++;
    try {
      return await store();
    } finally {
      this.#inside--;
      if (this.#inside === 0) for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  /** Resolves when nothing is coming in any more. */
  async close(): Promise<void> {
    this.#open = false;
    if (this.#inside > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  open(): void {
    this.#open = true;
  }
}
