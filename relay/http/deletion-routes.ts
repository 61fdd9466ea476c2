/** `DELETE /chunk/{id}` and `POST /chunks/delete_batch`. */
import { AppError } from '../../shared/errors.ts';
import { parseChunkId } from '../../shared/ids.ts';
import { MAX_DELETE_BODY_BYTES } from '../../shared/limits.ts';
import { DELETE_HEADER, deletionRoutes } from '../../shared/protocol/deletion-routes.ts';
import type { DeleteResult } from '../../shared/protocol/deletion-routes.ts';
import type { ApiServices } from './api-services.ts';
import { clientGone, clientOf } from './client.ts';
import type { HttpServer } from './server.ts';

/** On a part of the server that takes JSON. */
export function registerDeletionRoutes(
  server: HttpServer,
  { deletion }: Pick<ApiServices, 'deletion'>,
): void {
  const { deleteChunk, deleteBatch } = deletionRoutes;
  const { params, headers } = deleteChunk;
  const one = { schema: { params, headers, response: { 200: deleteChunk.response } } };
  server.delete(deleteChunk.path, one, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const wanted = {
      id: parseChunkId(request.params.id),
      token: request.headers[DELETE_HEADER.token],
      bodyHash: request.headers[DELETE_HEADER.bodyHash] ?? null,
    };
    const [result] = await deletion.delete([wanted], clientGone(reply), clientOf(request.ip));
    return orError(result);
  });

  const many = {
    schema: { body: deleteBatch.body, response: { 200: deleteBatch.response } },
    bodyLimit: MAX_DELETE_BODY_BYTES,
  };
  server.post(deleteBatch.path, many, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const wanted = request.body.chunks.map(({ id, token, body_hash }) => ({
      id: parseChunkId(id),
      token,
      bodyHash: body_hash ?? null,
    }));
    return { chunks: await deletion.delete(wanted, clientGone(reply), clientOf(request.ip)) };
  });
}

/** Of a single chunk, what is not deleted is an error of the request. */
function orError(result: DeleteResult | undefined): DeleteResult {
  if (result?.status === 'deleted') return result;
  if (result?.status === 'forbidden')
    throw new AppError('FORBIDDEN', 'The delete token is not that of this chunk.');
  if (result?.status === 'unknown')
    throw new AppError('NOT_FOUND', 'No relay that can be reached knows the chunk. Send its body hash too.');
  throw new AppError('UNAVAILABLE', 'No relay could take the deletion. Try again soon.');
}
