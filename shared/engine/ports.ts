/**
 * What the engine needs from its surroundings. The browser, the CLI and the local simulation each provide these;
 * the engine has no other way to reach a file, a thread, a network or a disk.
 */
import type { Bytes } from '../bytes.ts';
import type { ErrorCode } from '../errors.ts';
import type { Compression, CompressionMode } from '../codec/compression.ts';
import type { OpenJob, SealJob, SealedBlock } from '../format/chunk-types.ts';
import type { ChunkId, ManifestId, RelayId } from '../ids.ts';
import type { Member } from '../placement/member.ts';
import type { Receipt } from '../protocol/receipt.ts';

// --- the swarm -----------------------------------------------------------------------------------------------

export interface PutOutcome {
  readonly receipts: readonly Receipt[];
  readonly failed: readonly { readonly relay: RelayId; readonly code: ErrorCode }[];
}

/** Where chunks live: relays behind an entry relay, or the folders of the local simulation. Nothing it returns is trusted. */
export interface SwarmPort {
  /** Live members. Throws `UNAVAILABLE` when nobody answers. */
  members(signal: AbortSignal): Promise<readonly Member[]>;
  /**
   * Sends a chunk once, to be held by `targets`. Resolves with what each target said; throws only if none was reached. Once
   * it has settled nothing reads `chunk` any more.
   */
  put(
    id: ChunkId,
    chunk: Bytes,
    targets: readonly RelayId[],
    nonceHex: string,
    signal: AbortSignal,
  ): Promise<PutOutcome>;
  /**
   * One replica: from `holder` alone, or, when null, from wherever the swarm finds it.
   * Throws `NOT_FOUND`, `UNAVAILABLE`, `TIMEOUT`, `TOO_LARGE` (more than a chunk can be).
   */
  get(id: ChunkId, holder: RelayId | null, signal: AbortSignal): Promise<Bytes>;
}

// --- the worker pool -----------------------------------------------------------------------------------------

/** CPU-heavy work, off the caller's thread. An abort frees the worker at once. A job's block or chunk is used up by it. */
export interface BlockWorkers {
  /** Blocks that can be worked on at the same time. */
  readonly concurrency: number;
  seal(job: SealJob, signal: AbortSignal): Promise<SealedBlock>;
  /** Verifies id → HMAC → length, and gives the plaintext. Throws `CORRUPT`. */
  open(job: OpenJob, signal: AbortSignal): Promise<Bytes>;
  /** SHA-256 of a plaintext block, to compare with the journal on resume. Ownership stays with the caller. */
  hash(block: Bytes, signal: AbortSignal): Promise<Bytes>;
}

// --- the file being uploaded ---------------------------------------------------------------------------------

export interface BlockSource {
  /** Base name, or a relative path with `/` inside a dropped or `-r` folder. */
  readonly name: string;
  /** Media type, or `application/octet-stream`. */
  readonly type: string;
  readonly sizeBytes: number;
  /** Changes when the file does (size and mtime); compared on resume and at the end. */
  readonly fingerprint: string;
  /** The plaintext of one block: a fresh buffer. Throws `FILE_CHANGED`, `IO`. */
  read(index: number, signal: AbortSignal): Promise<Bytes>;
  /** Throws `FILE_CHANGED` if the file is no longer what it was at the start. */
  assertUnchanged(): Promise<void>;
}

// --- the journal ---------------------------------------------------------------------------------------------

/** Written before the first byte leaves; afterwards the vault's record of what it owns. Never leaves the device. */
export interface JournalHeader {
  readonly uploadId: string;
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly fingerprint: string;
  /** ISO 8601, UTC; becomes the manifest's `created`. */
  readonly created: string;
  readonly mode: CompressionMode;
  readonly key: Bytes;
}

/** A chunk as the journal knows it before it is sent. */
export interface JournalChunk {
  readonly index: number;
  readonly id: ChunkId;
  readonly size: number;
  readonly compression: Compression;
  readonly blockHash: Bytes;
  readonly bodyHash: Bytes;
  readonly iv: Bytes;
}

export type JournalEntry =
  /** `chunk` is about to be sent. A second one for an index supersedes the first, which is then abandoned. */
  | { readonly kind: 'sealed'; readonly chunk: JournalChunk }
  /** Receipts of `holders` (relay ids) for this index have been verified. */
  | { readonly kind: 'stored'; readonly index: number; readonly holders: readonly RelayId[] }
  /** A chunk that may lie on relays and belongs to nothing any more: to be deleted. */
  | { readonly kind: 'abandoned'; readonly id: ChunkId; readonly bodyHash: Bytes }
  /** A chunk of somebody else's, whose owner has given the right to delete it. */
  | { readonly kind: 'granted'; readonly id: ChunkId; readonly bodyHash: Bytes; readonly token: Bytes }
  /** Relays that say they hold a granted chunk, of which there are no receipts here. */
  | { readonly kind: 'located'; readonly id: ChunkId; readonly holders: readonly RelayId[] }
  /** The manifest is complete; the journal stays as the owner's record. */
  | { readonly kind: 'finished'; readonly manifestId: ManifestId }
  /** The owner deletes the file: from here on nothing refers to its chunks any more. Written before the first token leaves. */
  | { readonly kind: 'deleting' }
  /** The swarm was told to delete this chunk; `pending` are the relays that may still have it. The last such entry counts. */
  | { readonly kind: 'deleted'; readonly id: ChunkId; readonly pending: readonly RelayId[] };

export interface Journal {
  readonly header: JournalHeader;
  /** All entries so far, in order of writing; a torn last one is dropped. */
  entries(): AsyncIterable<JournalEntry>;
  /** Resolves when the entries are durable. */
  append(entries: readonly JournalEntry[]): Promise<void>;
  close(): Promise<void>;
}

export interface JournalStore {
  /** Throws `CONFLICT` when another process or tab holds it. */
  create(header: JournalHeader): Promise<Journal>;
  open(uploadId: string): Promise<Journal>;
  /** Headers of uploads that have not finished. */
  unfinished(): Promise<readonly JournalHeader[]>;
}
