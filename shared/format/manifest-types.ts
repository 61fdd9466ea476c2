/** The manifest in memory. On disk it is `NAME.manifest`, JSON, as DESIGN §3 has it. */
import type { Bytes } from '../bytes.ts';
import type { Compression } from '../codec/compression.ts';
import type { ChunkId } from '../ids.ts';

export interface ManifestHeader {
  /** A relative path without `..`; no I/O may use it as a path as it stands. */
  readonly filename: string;
  /** Media type. */
  readonly type: string;
  /** Plaintext bytes. */
  readonly size: number;
  /** ISO 8601, UTC. */
  readonly created: string;
  /** Fernet key, 32 bytes. */
  readonly key: Bytes;
  /** RFC 6962 tree over the raw chunk ids, lowercase hex. */
  readonly merkleRoot: string;
}

export interface ChunkRow {
  readonly index: number;
  readonly id: ChunkId;
  /** Plaintext bytes of the block. */
  readonly size: number;
  readonly compression: Compression;
}

/** Rows by index, wherever they are kept: packed in memory, or in pages of a database. */
export interface ChunkRows {
  readonly length: number;
  at(index: number): ChunkRow | Promise<ChunkRow>;
}

export interface Manifest {
  readonly header: ManifestHeader;
  readonly rows: ChunkRows;
}
