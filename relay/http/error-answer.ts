/** Every error that leaves over HTTP is `{ error: { code, message, details? } }`; what was not foreseen says nothing else. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../shared/errors.ts';
import { BAD_REQUEST_MESSAGES } from './fastify-errors.ts';

/** RFC 9110 §15.5.9 */
const REQUEST_TIMEOUT = 408;

/** Answers a thrown value. The unforeseen is logged with its cause and leaves as a bare `INTERNAL`. */
export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = asAppError(thrown);
  if (error.code === 'INTERNAL' || error.code === 'IO') {
    request.log.error({ err: thrown, route: request.routeOptions.url }, 'A request failed');
  }
  if (error.code === 'RATE_LIMITED') reply.header('retry-after', '1');
  void reply
    .code(isSlowClient(error, request) ? REQUEST_TIMEOUT : error.status)
    .removeHeader('etag')
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .send(JSON.stringify({ error: error.toObject() }));
}

/** A body that does not arrive is the client's fault, and not that of a relay behind this one. */
function isSlowClient(error: AppError, { method, raw }: FastifyRequest): boolean {
  return error.code === 'TIMEOUT' && method === 'PUT' && !raw.complete;
}

function asAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string') {
    const known = BAD_REQUEST_MESSAGES[thrown.code];
    if (known !== undefined) return new AppError(known.code, known.message, { cause: thrown });
    if (thrown.code.startsWith('FST_ERR_') && 'statusCode' in thrown && isClientStatus(thrown.statusCode)) {
      return new AppError('BAD_INPUT', 'The request is malformed.', { cause: thrown });
    }
  }
  // @fastify/static refuses paths with plain HTTP errors.
  if (thrown instanceof Error && 'statusCode' in thrown && isClientStatus(thrown.statusCode)) {
    return thrown.statusCode === 404
      ? new AppError('NOT_FOUND', 'There is nothing here.', { cause: thrown })
      : new AppError('BAD_INPUT', 'The request is malformed.', { cause: thrown });
  }
  return new AppError('INTERNAL', 'The relay failed. Its log says why.', { cause: thrown });
}

function isClientStatus(status: unknown): boolean {
  return typeof status === 'number' && status >= 400 && status < 500;
}
