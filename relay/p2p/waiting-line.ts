import { abortable } from '../services/deadline.ts';

/** Callers that wait their turn, first come, first served. */
export class WaitingLine {
  readonly #waiting: (() => void)[] = [];

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Resolves when it is the caller's turn. Rejects when the signal fires; `passOn` then takes a turn that had just come. */
  async wait(signal: AbortSignal, passOn: () => void): Promise<void> {
    const turn = Promise.withResolvers<undefined>();
    const wake = (): void => turn.resolve(undefined);
    this.#waiting.push(wake);
    try {
      await abortable(signal, turn.promise);
    } catch (cause) {
      const index = this.#waiting.indexOf(wake);
      if (index >= 0) this.#waiting.splice(index, 1);
      else passOn();
      throw cause;
    }
  }

  /** Gives the turn to whoever waits longest. Whether there was anybody. */
  next(): boolean {
    const wake = this.#waiting.shift();
    wake?.();
    return wake !== undefined;
  }
}
