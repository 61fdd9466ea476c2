import { WaitingLine } from './waiting-line.ts';

/** At most `limit` holders at once; the rest wait in order. */
export class Slots {
  readonly #limit: number;
  readonly #line = new WaitingLine();
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Resolves with how to give the slot back (once). Rejects when the signal fires first. */
  async acquire(signal: AbortSignal): Promise<() => void> {
    if (this.#taken < this.#limit) this.#taken++;
    else await this.#line.wait(signal, () => this.#release());
    return () => this.#release();
  }

  /** The slot passes to whoever waits longest, or becomes free. */
  #release(): void {
    if (!this.#line.next()) this.#taken--;
  }
}
