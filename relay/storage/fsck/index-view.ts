/** The index as a check reads it: without changing it, whatever state it is in. */
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import { AppError } from '../../../shared/errors.ts';
import type { ChunkId } from '../../../shared/ids.ts';
import { tombstoneId } from '../../../shared/protocol/tombstone.ts';
import type { Tombstone } from '../../../shared/protocol/tombstone.ts';
import { indexError, isDamage } from '../index-database.ts';
import type { Row } from '../index-database.ts';
import { MIGRATIONS } from '../index-schema.ts';

const AFTER_HEX = 'g';
const PAGE_ROWS = 1000;

export interface ListedChunk {
  readonly id: ChunkId;
  readonly size: number;
  readonly verifier: string | null;
  readonly body_hash: string | null;
  readonly state: 'stored' | 'unverified';
}

export function isProof(tombstone: KeptTombstone): boolean {
  try {
    return tombstoneId(tombstone) === tombstone.id;
  } catch (error) {
    // Not even hex.
    if (error instanceof AppError) return false;
    throw error;
  }
}

export type KeptTombstone = Tombstone & { readonly id: ChunkId };

export type IndexState = 'ok' | 'missing' | 'damaged';

/** Reads rows; either of an open database's. */
type ReadRows = (sql: string, ...parameters: SQLInputValue[]) => Row[];

export class IndexView {
  readonly #read: ReadRows;

  constructor(read: ReadRows) {
    this.#read = read;
  }

  /** Chunks whose ids start with the prefix. */
  chunksIn(prefix: string): ListedChunk[] {
    return this.#read(
      'SELECT id, size, verifier, body_hash, state FROM chunks WHERE id >= ? AND id < ?',
      prefix,
      prefix + AFTER_HEX,
    ) as unknown as ListedChunk[];
  }

  /** All listed ids, by id. */
  *ids(): Generator<ChunkId> {
    for (const row of this.#pages('SELECT id FROM chunks WHERE id > ? ORDER BY id LIMIT ?'))
      yield row['id'] as ChunkId;
  }

  *tombstones(): Generator<KeptTombstone> {
    const sql = 'SELECT id, body_hash, token FROM tombstones WHERE id > ? ORDER BY id LIMIT ?';
    for (const row of this.#pages(sql)) yield row as unknown as KeptTombstone;
  }

  /** Whether a deletion of the chunk is on record, with its proof: nothing else may destroy a file. */
  isDeleted(id: ChunkId): boolean {
    const [row] = this.#read('SELECT id, body_hash, token FROM tombstones WHERE id = ?', id);
    return row !== undefined && isProof(row as unknown as KeptTombstone);
  }

  /** Whether the sums that the index keeps are those of its rows. */
  areTotalsRight(): boolean {
    const [kept] = this.#read('SELECT chunks, bytes FROM totals');
    const [counted] = this.#read('SELECT COUNT(*) AS chunks, COALESCE(SUM(size), 0) AS bytes FROM chunks');
    return kept?.['chunks'] === counted?.['chunks'] && kept?.['bytes'] === counted?.['bytes'];
  }

  *#pages(sql: string): Generator<Row> {
    let after = '';
    for (;;) {
      const rows = this.#read(sql, after, PAGE_ROWS);
      yield* rows;
      const last = rows.at(-1)?.['id'];
      if (rows.length < PAGE_ROWS || typeof last !== 'string') return;
      after = last;
    }
  }
}

/** An index opened for reading only; one that is missing or damaged reads as empty. */
export interface OpenedIndex extends Disposable {
  readonly view: IndexView;
  readonly state: IndexState;
}

/** Throws `UNSUPPORTED` for the index of a newer version, `IO`. */
export function openIndexToCheck(file: string): OpenedIndex {
  if (!existsSync(file)) return opened(emptyIndex(), 'missing');
  const database = openSound(file);
  return database === null ? opened(emptyIndex(), 'damaged') : opened(database, 'ok');
}

/** Null for a damaged one. */
function openSound(file: string): DatabaseSync | null {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { readOnly: true, timeout: 1000 });
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > MIGRATIONS.length)
      throw new AppError('UNSUPPORTED', 'The index was written by a newer version of Lanvault.');
    const [verdict] = database.prepare('PRAGMA integrity_check(1)').all();
    const tables = database
      .prepare(
        `SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('chunks', 'tombstones', 'totals')`,
      )
      .all();
    if (verdict?.['integrity_check'] === 'ok' && tables.length === 3) return database;
  } catch (cause) {
    if (!isDamage(cause)) {
      database?.close();
      throw indexError(cause);
    }
  }
  database?.close();
  return null;
}

function emptyIndex(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  for (const sql of MIGRATIONS) database.exec(sql);
  return database;
}

function opened(database: DatabaseSync, state: IndexState): OpenedIndex {
  return {
    state,
    view: new IndexView((sql, ...parameters) => database.prepare(sql).all(...parameters)),
    [Symbol.dispose]: () => {
      if (database.isOpen) database.close();
    },
  };
}
