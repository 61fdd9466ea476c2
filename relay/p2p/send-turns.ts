import { throwIfAborted } from '../../shared/errors.ts';
import { WaitingLine } from './waiting-line.ts';

/**
 * Turns of the requests that share one link: a body frame is written only while the stream takes more, and whoever
 * waits longest goes next, so that one large body delays another request by a frame, not by a chunk.
 */
export class SendTurns {
  readonly #canWrite: () => boolean;
  readonly #line = new WaitingLine();

  constructor(canWrite: () => boolean) {
    this.#canWrite = canWrite;
  }

  /** Resolves when the caller may write one frame; it calls `next` afterwards. Rejects when the signal fires. */
  async wait(signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    if (this.#line.empty && this.#canWrite()) return;
    await this.#line.wait(signal, () => this.next());
  }

  /** Gives the turn on. Also called when the stream has drained. */
  next(): void {
    if (this.#canWrite()) this.#line.next();
  }
}
