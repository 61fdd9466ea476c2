/** What goes into sealing a block into a chunk and into opening it again. */
import type { Bytes } from '../bytes.ts';
import type { Compression, CompressionMode } from '../codec/compression.ts';
import type { ChunkId } from '../ids.ts';

export interface SealJob {
  /** Plaintext, at most one block. Ownership passes to the pool (transferred). */
  readonly block: Bytes;
  readonly key: Bytes;
  /** HKDF(vault, `delete` ‖ device id). */
  readonly deleteKey: Bytes;
  readonly mode: CompressionMode;
  /** Given on resume, so that the same block gives the same chunk; random otherwise. */
  readonly iv?: Bytes;
}

export interface SealedBlock {
  readonly id: ChunkId;
  /** verifier ‖ body, as stored. */
  readonly chunk: Bytes;
  readonly bodyHash: Bytes;
  /** SHA-256 of the plaintext block; stays on this device. */
  readonly blockHash: Bytes;
  readonly iv: Bytes;
  readonly compression: Compression;
  /** Plaintext bytes. */
  readonly size: number;
}

export interface OpenJob {
  readonly id: ChunkId;
  /** As fetched; ownership passes to the pool (transferred). */
  readonly chunk: Bytes;
  readonly key: Bytes;
  readonly compression: Compression;
  /** Plaintext bytes that the manifest promises. */
  readonly size: number;
}
