/** Everything that a relay can be told, validated and frozen before anything starts. */
import {
  BODY_IDLE_TIMEOUT_MS,
  BODY_TIMEOUT_MS,
  HEADERS_TIMEOUT_MS,
  HEDGE_INITIAL_MS,
  MAX_CONCURRENT_PROXIED_GETS,
  MAX_CONCURRENT_PUTS,
  MAX_EVENT_BACKLOG_BYTES,
  MAX_EVENT_LISTENERS,
  MAX_REQUESTS_PER_CLIENT,
  REQUESTS_PER_SECOND_LOOPBACK,
  REQUESTS_PER_SECOND_REMOTE,
} from '../../shared/limits.ts';

import type { CoreLimits } from '../services/core-limits.ts';
import type { LogLevel } from './settings.ts';

/** Bounds that no setting sets; a test may tighten them. */
export interface RelayLimits extends CoreLimits {
  readonly headersTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  /** How often connections are checked against the two timeouts above. */
  readonly connectionsCheckMs: number;
  /** A connection on which nothing moves for this long is closed. */
  readonly idleConnectionMs: number;
  readonly maxConnections: number;
  readonly maxRequestsPerClient: number;
  readonly requestsPerSecondRemote: number;
  readonly requestsPerSecondLoopback: number;
  readonly maxEventListeners: number;
  readonly maxEventBacklogBytes: number;
  /** How long a stop waits for what is under way. */
  readonly stopGraceMs: number;
}

export interface RelayConfig {
  /** Address that HTTP and links listen on. */
  readonly host: string;
  /** 0: any free port, as for the next. */
  readonly httpPort: number;
  readonly linkPort: number;
  /** UDP port of beacons; 0 turns discovery off. */
  readonly discoveryPort: number;
  /** Base URLs of relays to join where broadcasts do not reach. */
  readonly join: readonly string[];
  readonly storageDir: string;
  /** Bytes lent to the swarm; 0 stores nothing. */
  readonly capacityBytes: number;
  /** Bytes on the file system that are never used. */
  readonly minFreeBytes: number;
  /** Folder of the built web app; a relay starts without it. */
  readonly webDir: string;
  /** How long a relay may be away before what it held is made anew elsewhere. */
  readonly repairGraceMs: number;
  readonly logLevel: LogLevel;
  /** Host names under which clients may address this relay, besides IP literals, `localhost` and `*.local`. */
  readonly allowedHosts: readonly string[];
  /** File whose key makes the swarm private; null: a public one. */
  readonly swarmKeyFile: string | null;
  /** HTTPS beside HTTP; null: none. */
  readonly tls: TlsConfig | null;
  readonly limits: RelayLimits;
}

export interface TlsConfig {
  /** 0: any free one. */
  readonly port: number;
  /** The operator's certificate chain and key, PEM files; or the folder of an authority of the relay's own. */
  readonly certificate:
    { readonly certFile: string; readonly keyFile: string } | { readonly authorityFolder: string };
}

export const DEFAULT_LIMITS: RelayLimits = Object.freeze({
  headersTimeoutMs: HEADERS_TIMEOUT_MS,
  bodyIdleTimeoutMs: BODY_IDLE_TIMEOUT_MS,
  bodyTimeoutMs: BODY_TIMEOUT_MS,
  connectionsCheckMs: 2_000,
  idleConnectionMs: 120_000,
  maxConnections: 2_048,
  maxConcurrentPuts: MAX_CONCURRENT_PUTS,
  maxConcurrentProxiedGets: MAX_CONCURRENT_PROXIED_GETS,
  maxRequestsPerClient: MAX_REQUESTS_PER_CLIENT,
  requestsPerSecondRemote: REQUESTS_PER_SECOND_REMOTE,
  requestsPerSecondLoopback: REQUESTS_PER_SECOND_LOOPBACK,
  maxEventListeners: MAX_EVENT_LISTENERS,
  maxEventBacklogBytes: MAX_EVENT_BACKLOG_BYTES,
  hedgeMs: HEDGE_INITIAL_MS,
  stopGraceMs: 5_000,
});
