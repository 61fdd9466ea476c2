/**
 * The SQLite file beside a relay's chunks: opened, migrated, and replaced when it is damaged. It can be lost at any
 * time: the chunk index is rebuilt from the files, tombstones and records come back from peers.
 */
import { renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { AppError } from '../../shared/errors.ts';
import { errnoOf } from './file-ops.ts';
import { MIGRATIONS } from './index-schema.ts';
import { sqliteCode } from './storage-lock.ts';

const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

export type Row = Record<string, SQLOutputValue>;

/** One SQL statement, compiled once for each database that it meets. Every call throws `IO`, `NO_SPACE`. */
export interface Query {
  get(...parameters: SQLInputValue[]): Row | undefined;
  all(...parameters: SQLInputValue[]): Row[];
  /** Rows changed. */
  run(...parameters: SQLInputValue[]): number;
}

export class IndexDatabase implements Disposable {
  readonly #file: string;
  readonly #resetListeners: (() => void)[] = [];
  readonly #statements = new Map<string, StatementSync>();
  #database: DatabaseSync;
  #isDisposed = false;

  /** Throws `UNSUPPORTED` for the index of a newer version, `IO` when it can be neither opened nor made. */
  constructor(file: string) {
    this.#file = file;
    try {
      this.#database = openDatabase(file);
    } catch (cause) {
      if (!isDamage(cause)) throw indexError(cause);
      this.#database = replaceDatabase(file);
    }
  }

  /** Calls `listener` whenever a damaged database has been replaced by an empty one, after this. */
  onReset(listener: () => void): void {
    this.#resetListeners.push(listener);
  }

  query(sql: string): Query {
    return {
      get: (...parameters) => this.run(() => this.#statement(sql).get(...parameters)),
      all: (...parameters) => this.run(() => this.#statement(sql).all(...parameters)),
      run: (...parameters) => this.run(() => Number(this.#statement(sql).run(...parameters).changes)),
    };
  }

  /** All of `operation`'s writes, or none of them. */
  transaction<T>(operation: () => T): T {
    return this.run(() => {
      if (this.#isInTransaction()) return operation();
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const result = operation();
        this.#database.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#isInTransaction()) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** As `transaction`, and what is written outlives a power cut, as chunk files do. */
  durably<T>(operation: () => T): T {
    return this.run(() => {
      this.#database.exec('PRAGMA synchronous = FULL');
      try {
        return this.transaction(operation);
      } finally {
        this.#database.exec('PRAGMA synchronous = NORMAL');
      }
    });
  }

  /** Runs one operation; damage found on the way replaces the database and tries once more on the new one. */
  run<T>(operation: () => T): T {
    try {
      return operation();
    } catch (cause) {
      // Inside a transaction of ours, the outermost call is the one to begin anew.
      const isToReplace = isDamage(cause) && !this.#isInTransaction();
      // It could not be replaced the last time.
      const isMissing = !this.#database.isOpen && !this.#isDisposed;
      if (!isToReplace && !isMissing) throw indexError(cause);
    }
    try {
      this.#replace();
      return operation();
    } catch (cause) {
      throw indexError(cause);
    }
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#close();
  }

  #replace(): void {
    this.#close();
    this.#database = replaceDatabase(this.#file);
    for (const listener of this.#resetListeners) listener();
  }

  #close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #isInTransaction(): boolean {
    return this.#database.isOpen && this.#database.isTransaction;
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 1000 });
  try {
    // NORMAL never damages the database; what a power cut takes from its end is found again in the files.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF');
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > MIGRATIONS.length) {
      throw new AppError('UNSUPPORTED', 'The index was written by a newer version of Lanvault.');
    }
    MIGRATIONS.slice(version).forEach((sql, index) => {
      database.exec(`BEGIN; ${sql} PRAGMA user_version = ${version + index + 1}; COMMIT`);
    });
    if (database.prepare('SELECT chunks FROM totals').get() === undefined) throw damage('no totals');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Throws `IO`, `NO_SPACE`. */
function replaceDatabase(file: string): DatabaseSync {
  moveAside(file);
  try {
    return openDatabase(file);
  } catch (cause) {
    throw indexError(cause);
  }
}

/** Takes a damaged database out of the way; one generation is kept. Throws `IO`, `NO_SPACE`. */
export function moveAside(file: string): void {
  try {
    renameSync(file, `${file}.damaged`);
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw indexError(cause);
  }
  for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
}

/** Result codes of damage, and messages of a schema that is not ours: nothing else may throw the index away. */
export function isDamage(cause: unknown): boolean {
  const error = cause instanceof AppError ? cause.cause : cause;
  const code = sqliteCode(error);
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return true;
  return error instanceof Error && /no such (table|column)|already exists|malformed/.test(error.message);
}

function damage(what: string): Error {
  return Object.assign(new Error(what), { errcode: SQLITE_CORRUPT });
}

/** What SQLite threw, as an `AppError`. */
export function indexError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  if (sqliteCode(cause) === SQLITE_FULL) {
    return new AppError('NO_SPACE', 'The disk of this relay is full.', { cause });
  }
  return new AppError('IO', 'The index of this relay failed.', { cause });
}
