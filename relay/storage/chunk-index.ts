/**
 * The index of the chunks held, in SQLite: a cache of what the files say, for inventory and accounting. It can be lost
 * at any time: a damaged one is put aside and a new, empty one takes its place, to be filled from the files.
 */
import { renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { AppError } from '../../shared/errors.ts';
import type { ChunkId } from '../../shared/ids.ts';
import type { ChunkDigest } from './chunk-hasher.ts';
import { errnoOf } from './file-ops.ts';
import { sqliteCode } from './storage-lock.ts';

const SCHEMA_VERSION = 1;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;
/** Sorts behind every hex digit, so that `prefix + AFTER_HEX` bounds all ids with the prefix. */
const AFTER_HEX = 'g';

const SCHEMA = `
CREATE TABLE chunks (
  id TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  verifier TEXT,
  body_hash TEXT,
  stored_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('stored', 'unverified'))
) STRICT, WITHOUT ROWID;
CREATE INDEX unverified_chunks ON chunks (id) WHERE state = 'unverified';
CREATE TABLE totals (one INTEGER PRIMARY KEY CHECK (one = 1), chunks INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO totals VALUES (1, 0, 0);
CREATE TRIGGER count_insert AFTER INSERT ON chunks BEGIN
  UPDATE totals SET chunks = chunks + 1, bytes = bytes + NEW.size;
END;
CREATE TRIGGER count_delete AFTER DELETE ON chunks BEGIN
  UPDATE totals SET chunks = chunks - 1, bytes = bytes - OLD.size;
END;
CREATE TRIGGER count_resize AFTER UPDATE OF size ON chunks BEGIN
  UPDATE totals SET bytes = bytes + NEW.size - OLD.size;
END;
PRAGMA user_version = ${SCHEMA_VERSION};
`;

const STATEMENTS = {
  find: 'SELECT size, state FROM chunks WHERE id = ?',
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

export interface ChunkIndexOptions {
  readonly file: string;
  /** Called when a damaged index has been replaced by an empty one. */
  readonly onReset: () => void;
}

export class ChunkIndex implements Disposable {
  readonly #options: ChunkIndexOptions;
  #database: DatabaseSync;
  #statements: Record<keyof typeof STATEMENTS, StatementSync>;
  #totals: { chunks: number; bytes: number };

  /** Throws `UNSUPPORTED` for the index of a newer version, `IO` when it can be neither opened nor made. */
  constructor(options: ChunkIndexOptions) {
    this.#options = options;
    try {
      this.#database = openDatabase(options.file);
    } catch (cause) {
      if (!isDamage(cause)) throw indexError(cause);
      this.#database = replaceDatabase(options.file);
    }
    this.#statements = prepare(this.#database);
    this.#totals = this.#readTotals();
  }

  get totals(): { readonly chunks: number; readonly bytes: number } {
    return this.#totals;
  }

  find(id: ChunkId): IndexRow | null {
    const row = this.#run(() => this.#statements.find.get(id));
    if (row === undefined) return null;
    return { sizeBytes: Number(row['size']), verified: row['state'] === 'stored' };
  }

  /** Notes a chunk whose bytes have been verified and are durable. */
  put({ id, sizeBytes, verifier, bodyHash }: ChunkDigest, storedAt: number): void {
    this.#write('put', id, sizeBytes, verifier, bodyHash, storedAt);
  }

  /** Notes files found on the disk, to be verified later; known ids stay as they are. */
  adopt(files: readonly { id: ChunkId; sizeBytes: number; storedAt: number }[]): void {
    this.#run(() => {
      this.#database.exec('BEGIN');
      try {
        for (const file of files) this.#statements.adopt.run(file.id, file.sizeBytes, file.storedAt);
        this.#database.exec('COMMIT');
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
    this.#totals = this.#readTotals();
  }

  remove(id: ChunkId): void {
    this.#write('remove', id);
  }

  /** Verified chunks with ids after `after`, by id. */
  page(after: string, limit: number): InventoryRow[] {
    return this.#run(() => this.#statements.page.all(after, limit)) as unknown as InventoryRow[];
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

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #ids(statement: keyof typeof STATEMENTS, ...parameters: SQLInputValue[]): ChunkId[] {
    const rows = this.#run(() => this.#statements[statement].all(...parameters));
    return rows.map((row) => row['id'] as ChunkId);
  }

  #write(statement: keyof typeof STATEMENTS, ...parameters: SQLInputValue[]): void {
    this.#run(() => this.#statements[statement].run(...parameters));
    this.#totals = this.#readTotals();
  }

  #readTotals(): { chunks: number; bytes: number } {
    const row = this.#run(() => this.#statements.totals.get());
    return { chunks: Number(row?.['chunks'] ?? 0), bytes: Number(row?.['bytes'] ?? 0) };
  }

  /** Runs one operation; damage found on the way replaces the index and tries once more on the new one. */
  #run<T>(operation: () => T): T {
    try {
      return operation();
    } catch (cause) {
      if (!isDamage(cause)) throw indexError(cause);
      this.#database.close();
      this.#database = replaceDatabase(this.#options.file);
      this.#statements = prepare(this.#database);
      this.#totals = { chunks: 0, bytes: 0 };
      this.#options.onReset();
      return operation();
    }
  }
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 1000 });
  try {
    // NORMAL never damages the database; what a power cut takes from its end is found again in the files.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF');
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > SCHEMA_VERSION) {
      throw new AppError('UNSUPPORTED', 'The index was written by a newer version of Lanvault.');
    }
    if (version === 0) database.exec(`BEGIN; ${SCHEMA} COMMIT`);
    if (database.prepare(STATEMENTS.totals).get() === undefined) throw damage('no totals');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function prepare(database: DatabaseSync): Record<keyof typeof STATEMENTS, StatementSync> {
  const entries = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)] as const);
  return Object.fromEntries(entries) as Record<keyof typeof STATEMENTS, StatementSync>;
}

/** Moves the damaged files aside (one generation is kept) and opens an empty index. */
function replaceDatabase(file: string): DatabaseSync {
  try {
    renameSync(file, `${file}.damaged`);
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw indexError(cause);
  }
  for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
  return openDatabase(file);
}

/** Result codes of damage, and messages of a schema that is not ours: nothing else may throw the index away. */
function isDamage(cause: unknown): boolean {
  const code = sqliteCode(cause);
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return true;
  return cause instanceof Error && /no such (table|column)|already exists|malformed/.test(cause.message);
}

function damage(what: string): Error {
  return Object.assign(new Error(what), { errcode: SQLITE_CORRUPT });
}

function indexError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  if (sqliteCode(cause) === SQLITE_FULL) {
    return new AppError('NO_SPACE', 'The disk of this relay is full.', { cause });
  }
  return new AppError('IO', 'The index of this relay failed.', { cause });
}
