/** `POST /chunks/locate` and `/dht/*`. */
import { parseChunkId, parseRelayId } from '../../shared/ids.ts';
import { MAX_CONCURRENT_LOCATES, MAX_LOCATE_BODY_BYTES, MAX_RECORD_BODY_BYTES } from '../../shared/limits.ts';
import { dhtRoutes } from '../../shared/protocol/dht-routes.ts';
import { Gate } from '../services/gate.ts';
import type { ApiServices } from './api-services.ts';
import { clientGone, clientOf } from './client.ts';
import type { HttpServer } from './server.ts';

/** On a part of the server that takes JSON. */
export function registerDhtRoutes(
  server: HttpServer,
  { dht, census, directory }: Pick<ApiServices, 'dht' | 'census' | 'directory'>,
): void {
  // Each may ask dozens of relays.
  const gate = new Gate(
    MAX_CONCURRENT_LOCATES,
    'This relay asks the swarm for as much as it can. Try again soon.',
  );

  const { locateChunks, findRelay, getRecord, putRecord } = dhtRoutes;
  const locate = {
    schema: { body: locateChunks.body, response: { 200: locateChunks.response } },
    bodyLimit: MAX_LOCATE_BODY_BYTES,
  };
  server.post(locateChunks.path, locate, (request, reply) => {
    reply.header('cache-control', 'no-store');
    return census.take(request.body.ids.map(parseChunkId), clientGone(reply), clientOf(request.ip));
  });

  const find = { schema: { params: findRelay.params, response: { 200: findRelay.response } } };
  server.get(findRelay.path, find, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const id = parseRelayId(request.params.id);
    const { found, hops, asked } = await gate.run(() => dht.node.lookup(id, clientGone(reply)), {
      client: clientOf(request.ip),
    });
    const peer = found ? directory.get(id) : undefined;
    if (peer === undefined) return { found: false, hops, asked, peer: null };
    const { host, port, link } = peer;
    return { found, hops, asked, peer: { id, host, port, link } };
  });

  const get = { schema: { params: getRecord.params, response: { 200: getRecord.response } } };
  server.get(getRecord.path, get, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const { public_key } = request.params;
    return {
      record: await gate.run(() => dht.records.getAtomic(public_key, clientGone(reply)), {
        client: clientOf(request.ip),
      }),
    };
  });

  const put = {
    schema: { body: putRecord.body, response: { 200: putRecord.response } },
    bodyLimit: MAX_RECORD_BODY_BYTES,
  };
  server.post(putRecord.path, put, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    const { holders } = await gate.run(() => dht.records.putAtomic(request.body, clientGone(reply)), {
      client: clientOf(request.ip),
    });
    return { holders: [...holders] };
  });
}
