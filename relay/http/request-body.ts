/** A request's body as it arrives, with a bound on how long it may stand still. */
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../shared/errors.ts';
import { SLOW_BODY_AFTER_MS } from '../../shared/limits.ts';
import type { Sender } from '../services/gate.ts';

/** What is still read of a body that was refused, so that the client gets to see the answer. */
const MAX_DRAIN_BYTES = 4 * 1024 * 1024;

export interface ArrivingBodyOptions {
  readonly idleTimeoutMs: number;
  /** Monotonic, ms. */
  readonly now: () => number;
}

/**
 * To be read once. Reading throws `TIMEOUT` when no byte comes for `idleTimeoutMs` while one is awaited, or the body has been given
 * up; `ABORTED` when the client goes away. The stream's own iterator is of no use here: it cannot be left while it waits, and it takes
 * the connection with it.
 */
export class ArrivingBody implements AsyncIterable<Uint8Array>, Sender {
  readonly #request: IncomingMessage;
  readonly #options: ArrivingBodyOptions;
  readonly #givenUp = new AbortController();
  #receivedBytes = 0;
  #waitedMs = 0;
  /** Null while nobody waits for the client: what its pieces are for may take long. */
  #waitingSince: number | null;

  constructor(request: IncomingMessage, options: ArrivingBodyOptions) {
    this.#request = request;
    this.#options = options;
    this.#waitingSince = options.now();
  }

  get bytesPerSecond(): number {
    const { complete, readableLength } = this.#request;
    const waitedMs = this.#waitedMs + this.#sinceWaiting();
    if (complete || readableLength > 0 || waitedMs < SLOW_BODY_AFTER_MS) return Infinity;
    return (this.#receivedBytes * 1000) / waitedMs;
  }

  giveUp(): void {
    this.#givenUp.abort(new AppError('TIMEOUT', 'The body came too slowly, and others wait for its place.'));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const request = this.#request;
    while (!request.readableEnded) {
      this.#givenUp.signal.throwIfAborted();
      const piece = request.read() as Buffer | null;
      if (piece !== null) {
        this.#receivedBytes += piece.length;
        this.#waitedMs += this.#sinceWaiting();
        this.#waitingSince = null;
        yield piece;
      } else if (request.destroyed) throw goneAway();
      else {
        this.#waitingSince ??= this.#options.now();
        await this.#more();
      }
    }
  }

  #sinceWaiting(): number {
    return this.#waitingSince === null ? 0 : this.#options.now() - this.#waitingSince;
  }

  #more(): Promise<void> {
    const request = this.#request;
    const { signal } = this.#givenUp;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onMore);
        request.off('readable', onMore).off('end', onMore).off('close', onMore).off('error', onError);
      };
      const onMore = (): void => {
        settle();
        resolve();
      };
      const onError = (): void => {
        settle();
        reject(goneAway());
      };
      const timer = setTimeout(() => {
        settle();
        reject(new AppError('TIMEOUT', 'The body stood still for too long.'));
      }, this.#options.idleTimeoutMs);
      signal.addEventListener('abort', onMore);
      request.on('readable', onMore).on('end', onMore).on('close', onMore).on('error', onError);
    });
  }
}

function goneAway(): AppError {
  return new AppError('ABORTED', 'The client went away.');
}

/** Reads on after a refusal, up to a bound, and then cuts the connection. */
export function drain(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let drainedBytes = 0;
  request.on('data', (piece: Buffer) => {
    drainedBytes += piece.length;
    if (drainedBytes > MAX_DRAIN_BYTES) request.destroy();
  });
  request.resume();
}
