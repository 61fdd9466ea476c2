/** A request's body as it arrives, with a bound on how long it may stand still. */
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../shared/errors.ts';

/** What is still read of a body that was refused, so that the client gets to see the answer. */
const MAX_DRAIN_BYTES = 4 * 1024 * 1024;

/**
 * Throws `TIMEOUT` when no byte comes for `idleTimeoutMs` while one is awaited, `ABORTED` when the client goes away. The
 * stream's own iterator is of no use here: it cannot be left while it waits, and it takes the connection with it.
 */
export async function* readBody(request: IncomingMessage, idleTimeoutMs: number): AsyncGenerator<Uint8Array> {
  while (!request.readableEnded) {
    const piece = request.read() as Buffer | null;
    if (piece !== null) yield piece;
    else if (request.destroyed) throw goneAway();
    else await moreToRead(request, idleTimeoutMs);
  }
}

function moreToRead(request: IncomingMessage, idleTimeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
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
    }, idleTimeoutMs);
    request.on('readable', onMore).on('end', onMore).on('close', onMore).on('error', onError);
  });
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
