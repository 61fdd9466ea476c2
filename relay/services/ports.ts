/** What the relay's services need from the layers beside them, so that storage, HTTP and links meet only here. */
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import type { Receipt } from '../../shared/protocol/receipt.ts';

/** Ed25519 identity of this relay, persisted 0600. */
export interface Identity {
  /** SHA-256(publicKey). */
  readonly id: RelayId;
  readonly publicKey: Uint8Array;
  /** 32-byte seed (RFC 8032 private key). */
  readonly seed: Uint8Array;
}

/** Time as services see it; tests inject their own. */
export interface Clock {
  /** Monotonic, ms. Every deadline and age is measured with this. */
  now(): number;
  /** Unix time, ms; for display and logs only. */
  wallTime(): number;
  /** Monotonic, ms; goes on while the machine sleeps. */
  uptime(): number;
  /** Calls `callback` every `intervalMs` until the signal fires. */
  every(intervalMs: number, callback: () => void, signal: AbortSignal): void;
  /** Resolves after `delayMs`; rejects with `ABORTED` when the signal fires first. */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
}

/** Requests to other relays over authenticated links. Each throws `AppError`: UNAVAILABLE, TIMEOUT, NOT_FOUND, NO_SPACE… */
export interface PeerTransport {
  /** Sends a whole chunk and gives the peer's receipt, not yet verified. */
  putChunk(
    to: RelayId,
    id: ChunkId,
    chunk: Uint8Array,
    nonceHex: string,
    signal: AbortSignal,
  ): Promise<Receipt>;
  /** A chunk's bytes from the peer's own storage, not yet verified. */
  getChunk(from: RelayId, id: ChunkId, signal: AbortSignal): Promise<Uint8Array>;
  /** Relays that answer `I_HAVE` to a `QUERY_CHUNK` broadcast, as they answer, until the signal fires or time is up. */
  queryChunk(id: ChunkId, signal: AbortSignal): AsyncIterable<RelayId>;
}

/** What a link's far end may ask of this relay: its own storage only, never a forward. */
export interface LocalChunks {
  /** Verifies, stores durably and signs. Storing what is already here is fine. Throws HASH_MISMATCH, NO_SPACE, TOO_LARGE. */
  store(id: ChunkId, chunk: Uint8Array, nonceHex: string): Promise<Receipt>;
  /** Throws NOT_FOUND. Bytes as they lie on the disk. */
  read(id: ChunkId): Promise<Uint8Array>;
  has(id: ChunkId): boolean;
}
