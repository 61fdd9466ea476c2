/** A request's body as it arrives, with a bound on how long it may stand still. */
import type { IncomingMessage } from 'node:http';
import { AppError } from '../../shared/errors.ts';

/** What is still read of a body that was refused, so that the client gets to see the answer. */
const MAX_DRAIN_BYTES = 4 * 1024 * 1024;

/** Throws `TIMEOUT` when no byte comes for `idleTimeoutMs` while one is awaited, `ABORTED` when the client goes away. */
export async function* readBody(request: IncomingMessage, idleTimeoutMs: number): AsyncGenerator<Uint8Array> {
  const pieces = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  for (;;) {
    const piece = await nextPiece(pieces, idleTimeoutMs);
    if (piece.done === true) break;
    yield piece.value;
  }
  if (!request.complete) throw new AppError('ABORTED', 'The client went away.');
}

async function nextPiece(
  pieces: AsyncIterator<Uint8Array>,
  idleTimeoutMs: number,
): Promise<IteratorResult<Uint8Array>> {
  let timer: NodeJS.Timeout | undefined;
  const idle = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AppError('TIMEOUT', 'The body stood still for too long.')),
      idleTimeoutMs,
    );
  });
  try {
    return await Promise.race([pieces.next(), idle]);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('ABORTED', 'The client went away.', { cause });
  } finally {
    clearTimeout(timer);
  }
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
