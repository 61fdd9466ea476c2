/** The swarm behind an entry relay's HTTP interface, derived from `protocol/routes`. */
import * as Type from 'typebox';
import { toHex } from '../bytes.ts';
import { parseChunkId, parseRelayId } from '../ids.ts';
import type { ChunkId, RelayId } from '../ids.ts';
import { MAX_CHUNK_BYTES, MAX_PEERS, MAX_REPLICATE_TO, PAGE_ROWS } from '../limits.ts';
import type { Member } from '../placement/member.ts';
import { deletionRoutes } from '../protocol/deletion-routes.ts';
import { HEADER, Status, routes } from '../protocol/routes.ts';
import type { Peer } from '../protocol/routes.ts';
import { parseWith } from '../protocol/schemas.ts';
import type { Topology } from '../protocol/topology.ts';
import type { CatalogPort } from './catalog.ts';
import { createCatalogClient } from './catalog-client.ts';
import { systemClock } from './clock.ts';
import type { EngineClock } from './clock.ts';
import type { DeletionPort, InventoryPort } from './deletion-ports.ts';
import { AppError } from '../errors.ts';
import { sharedCode } from './http-answer.ts';
import type { SwarmPort } from './ports.ts';
import { createRecordClient } from './record-client.ts';
import type { RecordPort } from './record-client.ts';
import { RelayHttp, asBlob, unreachable } from './relay-http.ts';
import type { Fetch, ToBody } from './relay-http.ts';

const API = 'lanvault/1';
/** Read before the rest, since only a relay of this version need have the rest. */
const AnyStatus = Type.Object({ api: Type.String() });

export interface RelayClientOptions {
  /** Entry relays, `http://host:port`. The first that works is kept until it fails to answer. */
  readonly baseUrls: readonly string[];
  /** For tests; the platform's otherwise. */
  readonly fetch?: Fetch;
  /** What a chunk is sent as; default a Blob, which browsers send fastest. */
  readonly toBody?: ToBody;
  readonly clock?: EngineClock;
}

export interface LocatedChunks {
  /** For each chunk, in the order asked, the live relays that say they hold it. */
  readonly holders: readonly (readonly RelayId[])[];
  /** Live relays that did not answer: they may hold any of the chunks. */
  readonly unreachable: readonly RelayId[];
}

/** `SwarmPort` with what else a client asks of its entry relay. */
export interface RelaySwarm extends SwarmPort, DeletionPort, InventoryPort {
  /** All relays known to live, with addresses and state; distinct ids, at most `MAX_PEERS`. Throws as `members`. */
  peers(signal: AbortSignal): Promise<readonly Peer[]>;
  /** What the entry relay knows of the mesh; what others said of themselves is a claim. Throws as `members`. */
  topology(signal: AbortSignal): Promise<Topology>;
  /** The entry relay's own. Throws `UNSUPPORTED` for another version of the interface. */
  status(signal: AbortSignal): Promise<Status>;
  /** Who holds chunks: at most `MAX_LOCATE_IDS`, none twice. Throws `CORRUPT` for an answer about other chunks. */
  locate(ids: readonly ChunkId[], signal: AbortSignal): Promise<LocatedChunks>;
  readonly catalog: CatalogPort;
  readonly records: RecordPort;
}

/**
 * Throws `BAD_INPUT` for URLs that cannot be a relay's. Requests fail over to the next URL when one does not answer;
 * an answer that is an error is an answer. Only `members`, `peers`, `topology` and `status` have a time limit of their own: the engine sets
 * the others'.
 */
export function createRelaySwarm(options: RelayClientOptions): RelaySwarm {
  const { baseUrls, clock = systemClock, toBody = asBlob } = options;
  const send: Fetch = options.fetch ?? ((url, init) => fetch(url, init));
  const http = new RelayHttp({ baseUrls, clock, toBody, fetch: send });
  /** Base URLs whose version has been seen. */
  const known = new Set<string>();

  async function statusOf(baseUrl: string, signal: AbortSignal): Promise<Status> {
    const answer = await http.json(baseUrl, { ...routes.status, response: AnyStatus }, {}, signal);
    if (answer.api !== API)
      throw unreachable(
        'UNSUPPORTED',
        `The relay at ${baseUrl} speaks ${answer.api.slice(0, 32)}, this is ${API}.`,
      );
    const status = parseWith(Status, answer, `The status of ${baseUrl}`);
    if (!status.ready) throw unreachable('UNAVAILABLE', `The relay at ${baseUrl} is still starting.`);
    known.add(baseUrl);
    return status;
  }

  async function peersOf(baseUrl: string, signal: AbortSignal): Promise<readonly Peer[]> {
    if (!known.has(baseUrl)) await statusOf(baseUrl, signal);
    const peers = new Map<string, Peer>();
    let cursor: string | null = null;
    do {
      const query: { limit: number; cursor?: string } = { limit: PAGE_ROWS };
      if (cursor !== null) query.cursor = cursor;
      const page: { peers: Peer[]; next: string | null } = await http.json(
        baseUrl,
        routes.peers,
        { query },
        signal,
      );
      const before = peers.size;
      for (const peer of page.peers) if (!peers.has(peer.id)) peers.set(peer.id, peer);
      // A page without news ends it: a relay must not keep its client turning pages.
      cursor = peers.size > before && peers.size < MAX_PEERS ? page.next : null;
    } while (cursor !== null);
    return [...peers.values()].slice(0, MAX_PEERS);
  }

  const peers = (signal: AbortSignal): Promise<readonly Peer[]> =>
    http.withAnyRelay(signal, (baseUrl) => peersOf(baseUrl, signal));

  return {
    peers,

    status: (signal) => http.withAnyRelay(signal, (baseUrl) => statusOf(baseUrl, signal)),

    topology: (signal) =>
      http.withAnyRelay(signal, (baseUrl) => http.json(baseUrl, routes.topology, {}, signal)),

    catalog: createCatalogClient(http, clock),
    records: createRecordClient(http, clock),

    async members(signal): Promise<readonly Member[]> {
      const all = await peers(signal);
      return all.map(({ id, capacity, machine, distrusted = false }) => ({
        ...{ id: id as RelayId, capacity, machine, distrusted },
      }));
    },

    async put(id, chunk, targets, nonceHex, signal) {
      if (targets.length === 0 || targets.length > MAX_REPLICATE_TO)
        throw new AppError('BAD_INPUT', `A chunk goes to 1 to ${MAX_REPLICATE_TO} relays at once.`);
      const headers = { [HEADER.nonce]: nonceHex, [HEADER.replicateTo]: targets.join(',') };
      const request = { params: { id }, headers, body: chunk };
      const { receipts, failed } = await http.withAnyRelay(signal, (baseUrl) =>
        http.json(baseUrl, routes.putChunk, request, signal, null),
      );
      return {
        receipts,
        failed: failed.map(({ relay, code }) => ({ relay: relay as RelayId, code: sharedCode(code) })),
      };
    },

    get(id: ChunkId, holder: RelayId | null, signal: AbortSignal) {
      const headers = holder === null ? {} : { [HEADER.holder]: holder };
      return http.withAnyRelay(signal, (baseUrl) =>
        http.bytes(baseUrl, routes.getChunk, { params: { id }, headers }, MAX_CHUNK_BYTES, signal),
      );
    },

    async deleteChunks(deletions, signal) {
      const chunks = deletions.map(({ id, token, bodyHash }) => ({
        id,
        token: toHex(token),
        body_hash: toHex(bodyHash),
      }));
      const answer = await http.withAnyRelay(signal, (baseUrl) =>
        http.json(baseUrl, deletionRoutes.deleteBatch, { body: { chunks } }, signal, null),
      );
      return answer.chunks.map(({ id, status, confirmed, pending }) => ({
        id: parseChunkId(id),
        status,
        confirmed: confirmed.map(parseRelayId),
        pending: pending.map(parseRelayId),
      }));
    },

    async locate(ids, signal) {
      const { chunks, unreachable } = await http.withAnyRelay(signal, (baseUrl) =>
        http.json(baseUrl, routes.locateChunks, { body: { ids: [...ids] } }, signal),
      );
      if (chunks.length !== ids.length || chunks.some(({ id }, i) => id !== ids[i]))
        throw new AppError('CORRUPT', 'The relay’s answer is about other chunks than those asked for.');
      return {
        holders: chunks.map(({ relays }) => [...new Set(relays)].map(parseRelayId)),
        unreachable: unreachable.map(parseRelayId),
      };
    },

    async inventory(relay, after, limit, signal) {
      const query = after === '' ? { limit } : { limit, cursor: after };
      const request = { query, headers: { [HEADER.holder]: relay } };
      const { chunks, next } = await http.withAnyRelay(signal, (baseUrl) =>
        http.json(baseUrl, routes.chunks, request, signal, null),
      );
      return { rows: chunks, more: next !== null };
    },
  };
}
