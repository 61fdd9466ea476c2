import { abortable } from './deadline.ts';

/** At most `limit` holders at once; the rest wait in order. */
export class Slots {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
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
    else await this.#wait(signal);
    return () => this.#release();
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const turn = Promise.withResolvers<undefined>();
    const wake = (): void => turn.resolve(undefined);
    this.#waiting.push(wake);
    try {
      await abortable(signal, turn.promise);
    } catch (cause) {
      const index = this.#waiting.indexOf(wake);
      if (index >= 0) this.#waiting.splice(index, 1);
      else this.#release();
      throw cause;
    }
  }

  /** The slot passes to whoever waits longest, or becomes free. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken--;
    else next();
  }
}
