/**
 * The index of the chunks held: a cache of what the files say, for inventory and accounting. It can be lost at any
 * time, and is filled again from the files.
 */
import type { SQLInputValue } from 'node:sqlite';
import type { ChunkId } from '../../shared/ids.ts';
import type { ChunkDigest } from './chunk-hasher.ts';
import type { IndexDatabase, Query } from './index-database.ts';

/** Sorts behind every hex digit, so that `prefix + AFTER_HEX` bounds all ids with the prefix. */
const AFTER_HEX = 'g';

const STATEMENTS = {
  find: 'SELECT size, state FROM chunks WHERE id = ?',
  header: `SELECT size, verifier, body_hash FROM chunks WHERE id = ? AND state = 'stored'`,
  put: `INSERT INTO chunks (id, size, verifier, body_hash, stored_at, state) VALUES (?, ?, ?, ?, ?, 'stored')
    ON CONFLICT (id) DO UPDATE SET size = excluded.size, verifier = excluded.verifier,
      body_hash = excluded.body_hash, stored_at = excluded.stored_at, state = 'stored'`,
  adopt: `INSERT INTO chunks (id, size, stored_at, state) VALUES (?, ?, ?, 'unverified') ON CONFLICT (id) DO NOTHING`,
  remove: 'DELETE FROM chunks WHERE id = ?',
  page: `SELECT id, size, verifier, body_hash, stored_at FROM chunks
    WHERE id > ? AND state = 'stored' ORDER BY id LIMIT ?`,
  between: 'SELECT id FROM chunks WHERE id > ? AND id < ? ORDER BY id LIMIT ?',
  unverified: `SELECT id FROM chunks WHERE state = 'unverified' AND id > ? ORDER BY id LIMIT ?`,
  totals: 'SELECT chunks, bytes FROM totals',
} as const;

export interface IndexRow {
  readonly sizeBytes: number;
  /** False: found on the disk, but its bytes have not been hashed yet. */
  readonly verified: boolean;
}

export interface InventoryRow {
  readonly id: string;
  readonly size: number;
  readonly verifier: string;
  readonly body_hash: string;
  readonly stored_at: number;
}

/** The public part of a chunk, lowercase hex: SHA-256(verifier ‖ body_hash) is its id. */
export interface ChunkHeader {
  readonly size: number;
  readonly verifier: string;
  readonly body_hash: string;
}

export class ChunkIndex {
  readonly #database: IndexDatabase;
  readonly #queries: Record<keyof typeof STATEMENTS, Query>;
  #totals: { chunks: number; bytes: number };

  constructor(database: IndexDatabase) {
    this.#database = database;
    const entries = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.query(sql)] as const);
    this.#queries = Object.fromEntries(entries) as Record<keyof typeof STATEMENTS, Query>;
    this.#totals = this.#readTotals();
    database.onReset(() => {
      this.#totals = { chunks: 0, bytes: 0 };
    });
  }

  get totals(): { readonly chunks: number; readonly bytes: number } {
    return this.#totals;
  }

  find(id: ChunkId): IndexRow | null {
    const row = this.#queries.find.get(id);
    if (row === undefined) return null;
    return { sizeBytes: Number(row['size']), verified: row['state'] === 'stored' };
  }

  /** The header of a verified chunk. */
  header(id: ChunkId): ChunkHeader | null {
    return (this.#queries.header.get(id) as ChunkHeader | undefined) ?? null;
  }

  /** Notes a chunk whose bytes have been verified and are durable. */
  put({ id, sizeBytes, verifier, bodyHash }: ChunkDigest, storedAt: number): void {
    this.#write('put', id, sizeBytes, verifier, bodyHash, storedAt);
  }

  /** Notes files found on the disk, to be verified later; known ids stay as they are. */
  adopt(files: readonly { id: ChunkId; sizeBytes: number; storedAt: number }[]): void {
    this.#database.transaction(() => {
      for (const file of files) this.#queries.adopt.run(file.id, file.sizeBytes, file.storedAt);
    });
    this.#totals = this.#readTotals();
  }

  remove(id: ChunkId): void {
    this.#write('remove', id);
  }

  /** After a transaction that was rolled back, what is remembered of the totals may be wrong. */
  reload(): void {
    this.#totals = this.#readTotals();
  }

  /** Verified chunks with ids after `after`, by id. */
  page(after: string, limit: number): InventoryRow[] {
    return this.#queries.page.all(after, limit) as unknown as InventoryRow[];
  }

  /** Ids strictly between those that start with `prefix` (or equal to it) and `end`; null: to the last. */
  idsBetween(after: string, end: string | null, limit: number): ChunkId[] {
    return this.#ids('between', after, end ?? AFTER_HEX, limit);
  }

  /** All ids that start with `prefix`. */
  idsWithPrefix(prefix: string): ChunkId[] {
    return this.#ids('between', prefix, prefix + AFTER_HEX, -1);
  }

  unverified(after: string, limit: number): ChunkId[] {
    return this.#ids('unverified', after, limit);
  }

  #ids(statement: keyof typeof STATEMENTS, ...parameters: SQLInputValue[]): ChunkId[] {
    return this.#queries[statement].all(...parameters).map((row) => row['id'] as ChunkId);
  }

  #write(statement: keyof typeof STATEMENTS, ...parameters: SQLInputValue[]): void {
    this.#queries[statement].run(...parameters);
    this.#totals = this.#readTotals();
  }

  #readTotals(): { chunks: number; bytes: number } {
    const row = this.#queries.totals.get();
    return { chunks: Number(row?.['chunks'] ?? 0), bytes: Number(row?.['bytes'] ?? 0) };
  }
}
