/** Values for the OpenAPI document's examples: made up, of the right form. A test holds each against its schema. */
import type { ErrorCode } from '../../shared/errors.ts';
import type { JsonObject } from './openapi-schema.ts';

const hex = (digits: string, bytes: number): string => digits.repeat((bytes * 2) / digits.length);

export const CHUNK = hex('9f3c', 32);
export const RELAY = hex('41d7', 32);
const OTHER_RELAY = hex('b86e', 32);
const KEY = hex('5ae2', 32);
const HASH = hex('07c9', 32);
export const NONCE = hex('3b', 16);
export const TOKEN = hex('e14b', 32);
export const SIGNATURE = hex('c05d', 64);
const VALUE = 'eyJsaW5rIjoibGFudmF1bHQ6Li4uIn0';
const CHUNK_BYTES = 1_048_681;
const AT_MS = 1_795_420_800_000;

const PEER = { host: '192.168.1.20', port: 8000, link: 8100 };
const RECORD = { public_key: KEY, seq: 7, value: VALUE, signature: SIGNATURE };
const ENTRY = { public_key: KEY, value: VALUE, signature: SIGNATURE };
const REPORT = { checked: 1200, missing: 3, repaired: 3, balanced: 1, surplus: 1, dropped: 1, failed: 0 };
const DEPARTURE = {
  state: 'leaving',
  total: 1200,
  placed: 800,
  total_bytes: 1_258_417_200,
  placed_bytes: 838_944_800,
};
const DELETED = { id: CHUNK, status: 'deleted', confirmed: [RELAY], pending: [OTHER_RELAY] };

/** Of JSON bodies that are sent, by operation. */
export const REQUEST_EXAMPLES = {
  publish: ENTRY,
  unpublish: { entry: HASH, public_key: KEY, signature: SIGNATURE },
  deleteBatch: { chunks: [{ id: CHUNK, token: TOKEN, body_hash: HASH }] },
  locateChunks: { ids: [CHUNK] },
  putRecord: RECORD,
  openSession: { challenge: hex('8d', 56), nonce: NONCE, proof: HASH },
  addRelay: { address: '192.168.1.20:8000' },
  auditChunk: { id: CHUNK, nonce: NONCE },
} as const satisfies Readonly<Record<string, JsonObject>>;

/** Of JSON answers, by operation. */
export const ANSWER_EXAMPLES = {
  health: { alive: true },
  readiness: { ready: true, storage: 'ok' },
  status: {
    id: RELAY,
    api: 'lanvault/1',
    version: '0.1.0',
    ready: true,
    uptime_seconds: 86_400.125,
    capacity: 107_374_182_400,
    used: 1_258_417_200,
    chunks: 1200,
    peers: 12,
    links: 11,
  },
  peers: {
    peers: [{ id: RELAY, ...PEER, capacity: 107_374_182_400, machine: '6d61', state: 'alive' }],
    next: null,
  },
  chunks: {
    chunks: [{ id: CHUNK, size: CHUNK_BYTES, verifier: HASH, body_hash: KEY, stored_at: AT_MS }],
    next: CHUNK,
  },
  putChunk: {
    receipts: [
      { relay: RELAY, public_key: KEY, chunk: CHUNK, size: CHUNK_BYTES, nonce: NONCE, signature: SIGNATURE },
    ],
    failed: [{ relay: OTHER_RELAY, code: 'NO_SPACE' }],
  },
  catalog: {
    entries: [
      {
        id: HASH,
        ...ENTRY,
        name: 'clip.webm',
        size: 2_500_000,
        type: 'video/webm',
        created: '2026-11-23T05:00:00Z',
        link: `lanvault:${CHUNK}#3xampleKeyOf43Characters-3xampleKeyOf43Chara`,
      },
    ],
    skipped: 0,
    unreachable: 0,
    next: null,
  },
  publish: { id: HASH, holders: [RELAY, OTHER_RELAY] },
  unpublish: { id: HASH, holders: [RELAY, OTHER_RELAY] },
  deleteChunk: DELETED,
  deleteBatch: { chunks: [DELETED] },
  locateChunks: { chunks: [{ id: CHUNK, relays: [RELAY] }], unreachable: [] },
  findRelay: { found: true, hops: 1, asked: 3, peer: { id: RELAY, ...PEER } },
  getRecord: { record: RECORD },
  putRecord: { holders: [RELAY, OTHER_RELAY] },
  sessionChallenge: { challenge: hex('8d', 56) },
  openSession: { token: hex('f2a0', 32), expires_in_seconds: 3600, proof: HASH },
  sessionTicket: { ticket: hex('7c1b', 32) },
  topology: {
    relays: [
      {
        id: RELAY,
        host: '192.168.1.20',
        port: 8000,
        state: 'alive',
        report: { version: '0.1.0', used: 1_258_417_200, room: 106_115_765_200, chunks: 1200, restored: 4 },
      },
      { id: OTHER_RELAY, host: '192.168.1.21', port: 8000, state: 'suspect' },
    ],
    links: [{ a: RELAY, b: OTHER_RELAY, mesh: true }],
  },
  addRelay: { id: RELAY, host: '192.168.1.20', port: 8000, known: false },
  repair: { running: false, report: REPORT },
  repairStatus: { running: true, report: REPORT },
  unjoin: { ...DEPARTURE, placed: 0, placed_bytes: 0 },
  unjoinStatus: DEPARTURE,
  auditChunk: { hash: HASH },
  events: { type: 'chunk-stored', at: AT_MS, id: CHUNK, relay: RELAY, size: CHUNK_BYTES },
} as const satisfies Readonly<Record<string, JsonObject>>;

/** What relays say, word for word, for each code that leaves one. */
export const ERROR_EXAMPLES: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_INPUT: 'The path is not valid (/id must match pattern "^[0-9a-f]{64}$").',
  HASH_MISMATCH: 'The bytes do not hash to the chunk id they were sent under.',
  NO_SESSION: 'This swarm is private: open a session with the swarm key first.',
  FORBIDDEN:
    'This relay does not answer to that host name. Use its IP address, or start it with --allow-host NAME.',
  NOT_FOUND: 'No relay that can be reached holds the chunk.',
  DELETED: 'The chunk’s owner has deleted it.',
  CONFLICT: 'There is a newer version of this record.',
  TOO_LARGE: 'The body is too large.',
  RATE_LIMITED: 'Too many requests from this address. Try again in a second.',
  INTERNAL: 'The relay failed. Its log says why.',
  UNSUPPORTED: 'This relay does not know the request.',
  UNAVAILABLE: 'The relay cannot be reached.',
  TIMEOUT: 'The body stood still for too long.',
  NO_SPACE: 'The disk of this relay is full.',
  CORRUPT: 'A relay’s inventory is out of order.',
  IO: 'The relay’s storage failed (EIO).',
};
