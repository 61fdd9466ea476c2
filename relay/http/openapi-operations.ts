/** What the OpenAPI document says of each operation beyond its schemas: who may call it, how it fails, what bounds it. */
import type { ErrorCode } from '../../shared/errors.ts';
import {
  CATALOG_READS_PER_SECOND_LOOPBACK,
  CATALOG_READS_PER_SECOND_REMOTE,
  CATALOG_WRITES_PER_SECOND_LOOPBACK,
  CATALOG_WRITES_PER_SECOND_REMOTE,
  MAX_CATALOG_BODY_BYTES,
  MAX_CHUNK_BYTES,
  MAX_DELETE_BODY_BYTES,
  MAX_EVENT_BACKLOG_BYTES,
  MAX_EVENT_LISTENERS,
  MAX_LOCATE_BODY_BYTES,
  MAX_RECORD_BODY_BYTES,
  MAX_SMALL_BODY_BYTES,
} from '../../shared/limits.ts';
import type { healthRoutes } from '../../shared/protocol/health-routes.ts';
import type { routes } from '../../shared/protocol/routes.ts';

/**
 * `open`: everybody. `swarm`: everybody, in a private swarm with a session. `operator`: with the operator's token. `both`: with that
 * and, in a private swarm, a session. `monitoring`: as `swarm`, or with the operator's token. `ticket`: as `swarm`, or with a ticket.
 */
export type Access = 'open' | 'swarm' | 'operator' | 'both' | 'monitoring' | 'ticket';

export interface OperationText {
  readonly access: Access;
  readonly description: string;
  /** Besides those of `COMMON_ERRORS`. */
  readonly errors: readonly ErrorCode[];
  /** Of the request's body. */
  readonly maxBodyBytes?: number;
}

/** Of every operation. */
export const COMMON_ERRORS: readonly ErrorCode[] = ['BAD_INPUT', 'FORBIDDEN', 'RATE_LIMITED', 'INTERNAL'];

/** Routes without a definition in `shared/protocol`, since no client of ours uses them as such. */
type OtherOperation = 'getChunkHead' | 'events' | 'metrics' | 'openapi';

const perSecond = (remote: number, loopback: number): string =>
  `${remote} requests a second and address, ${loopback} from loopback`;
const PAGED = 'Paged: `next` is the cursor of the page after this one, or null at the end.';

export const OPERATIONS: Readonly<
  Record<keyof typeof routes | keyof typeof healthRoutes | OtherOperation, OperationText>
> = {
  health: { access: 'open', description: 'Restart the process if this does not answer.', errors: [] },
  readiness: {
    access: 'open',
    description: 'A relay whose disk is full or read-only is ready: it serves. `storage` tells.',
    errors: ['UNAVAILABLE'],
  },
  status: { access: 'swarm', description: 'Cheap: it reads counters only.', errors: [] },
  peers: { access: 'swarm', description: `In the order of their ids. ${PAGED}`, errors: [] },
  chunks: {
    access: 'swarm',
    description: `In the order of their ids, streamed: a fault after the first rows ends the connection before its end. ${PAGED}`,
    errors: ['CORRUPT', 'IO', 'TIMEOUT', 'UNAVAILABLE', 'UNSUPPORTED'],
  },
  putChunk: {
    access: 'swarm',
    description:
      'Hashed while it arrives; a receipt says that the chunk is durable. With `x-replicate-to` each relay named answers for ' +
      'itself, in `receipts` or `failed`, and the one that is asked keeps no copy unless it is among them. Storing a chunk again is fine.',
    errors: ['HASH_MISMATCH', 'DELETED', 'TOO_LARGE', 'NO_SPACE', 'IO', 'UNAVAILABLE', 'TIMEOUT'],
    maxBodyBytes: MAX_CHUNK_BYTES,
  },
  getChunk: {
    access: 'swarm',
    description:
      'Immutable: caches may keep it. Verify it: what comes from a disk or from the relay named in `x-holder` has not been.',
    errors: ['NOT_FOUND', 'DELETED', 'IO', 'UNAVAILABLE', 'TIMEOUT', 'CORRUPT'],
  },
  getChunkHead: {
    access: 'swarm',
    description: 'Errors have the same status as with GET, and no body.',
    errors: ['NOT_FOUND', 'DELETED', 'IO', 'UNAVAILABLE', 'TIMEOUT', 'CORRUPT'],
  },
  catalog: {
    access: 'swarm',
    description: `Verify each row’s signature. Own rate limit: ${perSecond(CATALOG_READS_PER_SECOND_REMOTE, CATALOG_READS_PER_SECOND_LOOPBACK)}. ${PAGED}`,
    errors: ['UNAVAILABLE'],
  },
  publish: {
    access: 'swarm',
    description:
      'Publishing twice is fine; what was unpublished stays so. Own rate limit: ' +
      `${perSecond(CATALOG_WRITES_PER_SECOND_REMOTE, CATALOG_WRITES_PER_SECOND_LOOPBACK)}.`,
    errors: ['DELETED', 'TOO_LARGE', 'NO_SPACE', 'TIMEOUT', 'UNAVAILABLE'],
    maxBodyBytes: MAX_CATALOG_BODY_BYTES,
  },
  unpublish: {
    access: 'swarm',
    description: 'Fine when it is gone already. Own rate limit, as publishing.',
    errors: ['TOO_LARGE', 'NO_SPACE', 'TIMEOUT', 'UNAVAILABLE'],
    maxBodyBytes: MAX_CATALOG_BODY_BYTES,
  },
  deleteChunk: {
    access: 'swarm',
    description: 'For good: the chunk is refused from now on. Who is away is told when it returns.',
    errors: ['NOT_FOUND', 'UNAVAILABLE'],
  },
  deleteBatch: {
    access: 'swarm',
    description: 'What is wrong with one chunk is its `status`, not an error of the request.',
    errors: ['TOO_LARGE'],
    maxBodyBytes: MAX_DELETE_BODY_BYTES,
  },
  locateChunks: {
    access: 'swarm',
    description: 'By asking the relays: claims, not proofs.',
    errors: ['TOO_LARGE'],
    maxBodyBytes: MAX_LOCATE_BODY_BYTES,
  },
  findRelay: { access: 'swarm', description: 'Not found is an answer, not an error.', errors: [] },
  getRecord: {
    access: 'swarm',
    description: 'Verify its signature.',
    errors: ['UNAVAILABLE'],
  },
  putRecord: {
    access: 'swarm',
    description: 'A record of the same number and another content is refused, as is one of a lower number.',
    errors: ['CONFLICT', 'TOO_LARGE', 'NO_SPACE', 'UNAVAILABLE'],
    maxBodyBytes: MAX_RECORD_BODY_BYTES,
  },
  sessionChallenge: {
    access: 'open',
    description: 'Valid for a minute. A public swarm has no sessions: 404.',
    errors: ['NOT_FOUND'],
  },
  openSession: {
    access: 'open',
    description:
      'Both sides prove the key over challenge ‖ nonce. The token goes into `x-swarm-session`; what `proof` is over, and how, is in docs/adr/0016.',
    errors: ['NOT_FOUND', 'TOO_LARGE'],
    maxBodyBytes: MAX_SMALL_BODY_BYTES,
  },
  sessionTicket: {
    access: 'swarm',
    description: 'Goes into the URL: `/events?ticket=…`.',
    errors: ['NOT_FOUND'],
  },
  topology: {
    access: 'swarm',
    description: 'At most two seconds old. What relays say of themselves are claims, for display.',
    errors: [],
  },
  addRelay: {
    access: 'both',
    description: 'Answers when the relay at the address has proven itself over a link.',
    errors: ['CONFLICT', 'TOO_LARGE', 'NO_SPACE', 'TIMEOUT', 'UNAVAILABLE'],
    maxBodyBytes: MAX_SMALL_BODY_BYTES,
  },
  repair: {
    access: 'operator',
    description: 'A pass that goes on after 20 seconds answers `running`; asking again joins it.',
    errors: ['UNAVAILABLE'],
  },
  repairStatus: { access: 'operator', description: 'Null when none has run since the start.', errors: [] },
  unjoin: {
    access: 'operator',
    description: 'Answers at once. Nothing is wiped before every chunk has another home, against a receipt.',
    errors: [],
  },
  unjoinStatus: { access: 'operator', description: '`error` says why a try was given up.', errors: [] },
  auditChunk: {
    access: 'swarm',
    description: 'SHA-256(nonce ‖ chunk), from the bytes on the disk.',
    errors: ['NOT_FOUND', 'DELETED', 'TOO_LARGE', 'IO', 'UNAVAILABLE'],
    maxBodyBytes: MAX_SMALL_BODY_BYTES,
  },
  events: {
    access: 'ticket',
    description:
      `A listener that does not read is cut off when ${MAX_EVENT_BACKLOG_BYTES} bytes wait for it; beyond ${MAX_EVENT_LISTENERS} listeners ` +
      'the connection is closed with code 1013. Clients send nothing. Without an upgrade there is nothing here.',
    errors: ['NOT_FOUND'],
  },
  metrics: {
    access: 'monitoring',
    description: 'Names no chunk and no client. docs/operations.md says what each metric means.',
    errors: [],
  },
  openapi: { access: 'open', description: 'At /openapi for people.', errors: [] },
};
