import { throwIfAborted } from '../../shared/errors.ts';
import { abortable } from './deadline.ts';

/**
 * Turns of the requests that share one link: a body frame is written only while the stream takes more, and whoever
 * waits longest goes next, so that one large body delays another request by a frame, not by a chunk.
 */
export class SendTurns {
  readonly #canWrite: () => boolean;
  readonly #waiting: (() => void)[] = [];

  constructor(canWrite: () => boolean) {
    this.#canWrite = canWrite;
  }

  /** Resolves when the caller may write one frame; it calls `next` afterwards. Rejects when the signal fires. */
  async wait(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    if (this.#waiting.length === 0 && this.#canWrite()) return;
    const turn = Promise.withResolvers<undefined>();
    const wake = (): void => turn.resolve(undefined);
    this.#waiting.push(wake);
    try {
      await abortable(signal, turn.promise);
    } catch (cause) {
      const index = this.#waiting.indexOf(wake);
      if (index >= 0) this.#waiting.splice(index, 1);
      else this.next();
      throw cause;
    }
  }

  /** Gives the turn on. Also called when the stream has drained. */
  next(): void {
    if (this.#canWrite()) this.#waiting.shift()?.();
  }
}
