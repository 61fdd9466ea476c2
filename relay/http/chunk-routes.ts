/** `PUT`, `GET` and `HEAD /chunk/{id}`. */
import type { FastifyReply } from 'fastify';
import { AppError } from '../../shared/errors.ts';
import { parseChunkId, parseRelayId } from '../../shared/ids.ts';
import { HEADER, routes } from '../../shared/protocol/routes.ts';
import type { GetRequest } from '../services/chunk-reader.ts';
import type { ApiServices } from './api-services.ts';
import { ArrivingBody, drain } from './request-body.ts';
import { clientGone, clientOf, closed } from './client.ts';
import type { HttpServer } from './server.ts';

export interface ChunkRouteOptions {
  readonly bodyIdleTimeoutMs: number;
}

export function registerChunkRoutes(
  server: HttpServer,
  { reader, writer, now }: ApiServices,
  { bodyIdleTimeoutMs }: ChunkRouteOptions,
): void {
  // Bodies are streamed by the handler, and are nothing but bytes.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/octet-stream', (_request, _payload, done) => done(null));

  const { params, headers, path, response } = routes.putChunk;
  server.put(path, { schema: { params, headers, response: { 200: response } } }, async (request, reply) => {
    const replicateTo = request.headers[HEADER.replicateTo];
    const length = request.headers['content-length'];
    const body = new ArrivingBody(request.raw, { idleTimeoutMs: bodyIdleTimeoutMs, now });
    reply.header('cache-control', 'no-store');
    try {
      return await writer.put(
        {
          id: parseChunkId(request.params.id),
          body,
          sizeHintBytes: length === undefined ? undefined : Number(length),
          nonceHex: request.headers[HEADER.nonce],
          replicateTo: replicateTo?.split(',').map(parseRelayId) ?? null,
          client: clientOf(request.ip),
          sender: body,
        },
        clientGone(reply),
      );
    } catch (error) {
      drain(request.raw);
      if (AppError.from(error).code === 'TIMEOUT') reply.header('connection', 'close');
      throw error;
    }
  });

  const get = { schema: { params: routes.getChunk.params, headers: routes.getChunk.headers } };
  server.get(routes.getChunk.path, get, async (request, reply) => {
    const wanted = {
      ...getRequest(request.params.id, request.headers),
      client: clientOf(request.ip),
      written: closed(reply),
    };
    const { sizeBytes, body } = await reader.get(wanted, clientGone(reply));
    return describe(reply, wanted, sizeBytes).send(body);
  });

  server.head(routes.getChunk.path, get, async (request, reply) => {
    const wanted = { ...getRequest(request.params.id, request.headers), client: clientOf(request.ip) };
    return describe(reply, wanted, await reader.sizeOf(wanted, clientGone(reply))).send();
  });

  // Whatever else is asked for below /chunk/ is an id gone wrong.
  server.route({
    method: ['GET', 'HEAD', 'PUT'],
    url: '/chunk/*',
    handler: () => {
      throw new AppError('BAD_INPUT', 'A chunk id is 64 lowercase hex characters.');
    },
  });
}

function getRequest(id: string, headers: Partial<Record<string, unknown>>): GetRequest {
  const holder = headers[HEADER.holder];
  return {
    id: parseChunkId(id),
    localOnly: headers[HEADER.localOnly] === '1',
    holder: holder === undefined ? null : parseRelayId(holder),
  };
}

/** What an id stands for never changes; but what a holder answers may be rotten, so caches keep the holders apart. */
function describe(reply: FastifyReply, { id }: GetRequest, sizeBytes: number): FastifyReply {
  return reply
    .type('application/octet-stream')
    .header('content-length', sizeBytes)
    .header('etag', `"${id}"`)
    .header('vary', `${HEADER.localOnly}, ${HEADER.holder}`)
    .header('cache-control', 'public, max-age=31536000, immutable');
}
