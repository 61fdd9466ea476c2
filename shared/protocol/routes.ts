/**
 * The relay's HTTP interface, written once: the relay derives its handlers' types, validation and OpenAPI document
 * from these definitions, the engine its client. Chunk bodies are raw `application/octet-stream`.
 */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { MAX_PAGE_ROWS, MAX_REPLICATE_TO, NONCE_BYTES } from '../limits.ts';
import { sessionRoutes } from './swarm-session.ts';
import { catalogRoutes } from './catalog-routes.ts';
import { deletionRoutes } from './deletion-routes.ts';
import { dhtRoutes } from './dht-routes.ts';
import { operatorRoutes } from './operator-routes.ts';
import { Receipt } from './receipt.ts';
import { topologyRoutes } from './topology.ts';
import { Cursor, Hex, Id, Port, SafeInteger } from './schemas.ts';

export const ApiError = Type.Object({
  error: Type.Object({
    code: Type.String(),
    message: Type.String(),
    details: Type.Optional(
      Type.RecordFromPattern(Type.StringKey, Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
    ),
  }),
});

export const Status = Type.Object({
  id: Id,
  /** Version of this HTTP interface; an unknown major is refused. */
  api: Type.Literal('lanvault/1'),
  version: Type.String(),
  /** Whether it takes requests for chunks yet. */
  ready: Type.Boolean(),
  uptime_seconds: Type.Number(),
  /** Declared bytes; 0 for a relay without storage. */
  capacity: SafeInteger,
  used: SafeInteger,
  chunks: SafeInteger,
  /** Live relays known, this one included. */
  peers: SafeInteger,
  links: SafeInteger,
});
export type Status = Static<typeof Status>;

export const Peer = Type.Object({
  id: Id,
  /** Address that last worked; for the answering relay itself, the one it was reached under. */
  host: Type.String({ maxLength: 255 }),
  port: Port,
  link: Port,
  capacity: SafeInteger,
  /** Opaque: equal for relays on one host. */
  machine: Type.String({ maxLength: 64 }),
  state: Type.Union([Type.Literal('alive'), Type.Literal('suspect')]),
  /** The answering relay has lately asked it to prove chunks that it claims, and it could not. */
  distrusted: Type.Optional(Type.Literal(true)),
});
export type Peer = Static<typeof Peer>;

/** The answering relay is in its own list. */
export const PeersPage = Type.Object({
  peers: Type.Array(Peer, { maxItems: MAX_PAGE_ROWS }),
  next: Cursor,
});
export type PeersPage = Static<typeof PeersPage>;

export const ChunkEntry = Type.Object({
  id: Id,
  /** Bytes, verifier included. */
  size: SafeInteger,
  verifier: Id,
  body_hash: Id,
  /** Unix time, ms. */
  stored_at: SafeInteger,
});
export type ChunkEntry = Static<typeof ChunkEntry>;

export const ChunksPage = Type.Object({
  chunks: Type.Array(ChunkEntry, { maxItems: MAX_PAGE_ROWS }),
  next: Cursor,
});
export type ChunksPage = Static<typeof ChunksPage>;

export const PutAnswer = Type.Object({
  receipts: Type.Array(Receipt, { maxItems: MAX_REPLICATE_TO }),
  failed: Type.Array(Type.Object({ relay: Id, code: Type.String() }), { maxItems: MAX_REPLICATE_TO }),
});
export type PutAnswer = Static<typeof PutAnswer>;

export const PageQuery = Type.Object({
  cursor: Type.Optional(Type.String({ maxLength: 256 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE_ROWS })),
});

const ChunkParams = Type.Object({ id: Id });

/** Header names as HTTP/1.1 sends them, lowercased. */
export const HEADER = {
  /** PUT: the relays that shall hold the chunk, comma-separated; without it, the answering relay alone. */
  replicateTo: 'x-replicate-to',
  /** PUT: the client's nonce, signed in every receipt. */
  nonce: 'x-client-nonce',
  /** GET/HEAD: `1` = from own storage or 404. */
  localOnly: 'x-local-only',
  /** GET/HEAD of a chunk, GET of an inventory: relay id; from this relay only, through the answering one. */
  holder: 'x-holder',
} as const;

const idList = `^[0-9a-f]{64}(,[0-9a-f]{64}){0,${String(MAX_REPLICATE_TO - 1)}}$`;

export const PutHeaders = Type.Object({
  [HEADER.nonce]: Hex(NONCE_BYTES),
  [HEADER.replicateTo]: Type.Optional(Type.String({ pattern: idList })),
});

export const GetHeaders = Type.Object({
  [HEADER.localOnly]: Type.Optional(Type.Literal('1')),
  [HEADER.holder]: Type.Optional(Id),
});

export const ChunksHeaders = Type.Object({ [HEADER.holder]: Type.Optional(Id) });

export const routes = {
  status: { method: 'GET', path: '/status', response: Status, summary: 'Health, version, counters' },
  peers: {
    method: 'GET',
    path: '/peers',
    query: PageQuery,
    response: PeersPage,
    summary: 'The relays that this one knows to live, itself included',
  },
  chunks: {
    method: 'GET',
    path: '/chunks',
    query: PageQuery,
    headers: ChunksHeaders,
    response: ChunksPage,
    summary: 'Inventory of the chunks held here or by the relay named, by id',
  },
  putChunk: {
    method: 'PUT',
    path: '/chunk/:id',
    params: ChunkParams,
    headers: PutHeaders,
    response: PutAnswer,
    summary: 'Store a chunk here or on the relays named, and get their receipts',
  },
  getChunk: {
    method: 'GET',
    path: '/chunk/:id',
    params: ChunkParams,
    headers: GetHeaders,
    summary: 'A chunk’s bytes, from here or through the swarm',
  },
  ...catalogRoutes,
  ...deletionRoutes,
  ...dhtRoutes,
  ...sessionRoutes,
  ...topologyRoutes,
  ...operatorRoutes,
} as const;
