/** `/status`, `/peers` and `/chunks`: what a relay says of itself. */
import { Readable } from 'node:stream';
import { PAGE_ROWS } from '../../shared/limits.ts';
import { routes } from '../../shared/protocol/routes.ts';
import type { ChunkEntry, Peer, Status } from '../../shared/protocol/routes.ts';
import type { ApiServices } from './api-services.ts';
import { unmapped } from './client-limits.ts';
import type { HttpServer } from './server.ts';

/** Inventory rows read from the index at once, so that a long page does not hold up other requests. */
const SLICE_ROWS = 250;

export function registerInfoRoutes(server: HttpServer, services: ApiServices): void {
  server.get(
    routes.status.path,
    { schema: { response: { 200: routes.status.response } } },
    (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return status(services);
    },
  );

  server.get(
    routes.peers.path,
    { schema: { querystring: routes.peers.query, response: { 200: routes.peers.response } } },
    (request, reply) => {
      reply.header('cache-control', 'no-store');
      const reachedUnder = unmapped(request.socket.localAddress ?? '');
      return peersPage(services, request.query, reachedUnder);
    },
  );

  server.get(routes.chunks.path, { schema: { querystring: routes.chunks.query } }, (request, reply) => {
    const { cursor = '', limit = PAGE_ROWS } = request.query;
    reply.header('cache-control', 'no-store').type('application/json; charset=utf-8');
    return reply.send(Readable.from(chunksPage(services, cursor, limit)));
  });
}

function status({ local, directory, linkCount, uptimeSeconds, version }: ApiServices): Status {
  const usage = local.usage;
  return {
    id: directory.self.id,
    api: 'lanvault/1',
    version,
    ready: true,
    uptime_seconds: Math.round(uptimeSeconds() * 1000) / 1000,
    capacity: local.capacityBytes,
    used: usage.bytes,
    chunks: usage.chunks,
    peers: directory.list().length,
    links: linkCount(),
  };
}

/** One page in the order of ids; the cursor is the last id of the page before. */
function peersPage(
  { directory }: ApiServices,
  { cursor = '', limit = PAGE_ROWS }: { cursor?: string; limit?: number },
  reachedUnder: string,
): { peers: Peer[]; next: string | null } {
  const { id: selfId } = directory.self;
  const rest = directory
    .list()
    .filter((peer) => peer.id > cursor)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const peers = rest
    .slice(0, limit)
    .map((peer) => (peer.id === selfId && reachedUnder !== '' ? { ...peer, host: reachedUnder } : peer));
  return { peers, next: rest.length > limit ? (peers.at(-1)?.id ?? null) : null };
}

/** The JSON text of one page, slice by slice; its `next` comes last, when it is known. */
async function* chunksPage({ local }: ApiServices, cursor: string, limit: number): AsyncGenerator<string> {
  let after = cursor;
  let left = limit;
  let separator = '';
  let more = true;
  yield '{"chunks":[';
  while (more && left > 0) {
    const asked = Math.min(left, SLICE_ROWS);
    const rows: ChunkEntry[] = local.inventory(after, asked);
    if (rows.length > 0) {
      yield separator + rows.map((row) => JSON.stringify(row)).join(',');
      separator = ',';
    }
    after = rows.at(-1)?.id ?? after;
    left -= rows.length;
    more = rows.length === asked;
    await new Promise(setImmediate);
  }
  const next = more && local.inventory(after, 1).length > 0 ? after : null;
  yield `],"next":${JSON.stringify(next)}}`;
}
