/** `/status`, `/peers` and `/chunks`: what a relay says of itself. */
import { Readable } from 'node:stream';
import { parseRelayId } from '../../shared/ids.ts';
import { MAX_CONCURRENT_INVENTORIES, PAGE_ROWS } from '../../shared/limits.ts';
import { HEADER, routes } from '../../shared/protocol/routes.ts';
import type { ChunkEntry, Peer, Status } from '../../shared/protocol/routes.ts';
import type { ApiServices } from './api-services.ts';
import { clientGone, clientOf, closed } from './client.ts';
import { unmapped } from '../services/address-group.ts';
import { Gate } from '../services/gate.ts';
import type { HttpServer } from './server.ts';

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

  // Each is read out slice by slice, in turns with all others.
  const gate = new Gate(
    MAX_CONCURRENT_INVENTORIES,
    'This relay reads as many inventories out as it can. Try again soon.',
  );
  const { query: querystring, headers } = routes.chunks;
  server.get(routes.chunks.path, { schema: { querystring, headers } }, async (request, reply) => {
    const { cursor = '', limit = PAGE_ROWS } = request.query;
    const holder = request.headers[HEADER.holder];
    const relay = parseRelayId(holder ?? services.directory.self.id);
    const signal = clientGone(reply);
    const rowsAfter: RowsAfter = (after, most) => services.inventories.rows(relay, after, most, signal);
    // A relay that cannot be asked is an error; one that fails later ends the connection before its page is whole.
    const guest = { client: clientOf(request.ip), written: closed(reply) };
    const first = await gate.run(() => rowsAfter(cursor, limit), guest);
    reply
      .header('cache-control', 'no-store')
      .header('vary', HEADER.holder)
      .type('application/json; charset=utf-8');
    return reply.send(Readable.from(chunksPage(first, rowsAfter, limit)));
  });
}

function status({ local, directory, linkCount, uptimeSeconds, version }: ApiServices): Status {
  const usage = local.usage;
  return {
    id: directory.self.id,
    api: 'lanvault/1',
    version,
    ready: local.ready,
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
  { directory, care }: ApiServices,
  { cursor = '', limit = PAGE_ROWS }: { cursor?: string; limit?: number },
  reachedUnder: string,
): { peers: Peer[]; next: string | null } {
  const { id: selfId } = directory.self;
  const rest = directory
    .list()
    .filter((peer) => peer.id > cursor)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const distrusted: ReadonlySet<string> = care.trust.distrusted();
  const peers = rest.slice(0, limit).map((peer): Peer => {
    if (peer.id === selfId) return reachedUnder === '' ? peer : { ...peer, host: reachedUnder };
    return distrusted.has(peer.id) ? { ...peer, distrusted: true } : peer;
  });
  return { peers, next: rest.length > limit ? (peers.at(-1)?.id ?? null) : null };
}

/** Rows in the order of their ids: at most as many as asked for, none where the inventory ends. */
type RowsAfter = (after: string, most: number) => Promise<readonly ChunkEntry[]>;

/** The JSON text of one page, slice by slice; its `next` comes last, when it is known. */
async function* chunksPage(
  first: readonly ChunkEntry[],
  rowsAfter: RowsAfter,
  limit: number,
): AsyncGenerator<string> {
  let rows = first;
  let left = limit;
  let next: string | null = null;
  yield '{"chunks":[';
  for (let separator = ''; rows.length > 0; separator = ',') {
    yield separator + rows.map((row) => JSON.stringify(row)).join(',');
    left -= rows.length;
    const last = rows.at(-1)?.id ?? '';
    // Between two slices other requests have their turn.
    await new Promise(setImmediate);
    rows = await rowsAfter(last, Math.max(left, 1));
    if (left > 0) continue;
    next = rows.length > 0 ? last : null;
    break;
  }
  yield `],"next":${JSON.stringify(next)}}`;
}
