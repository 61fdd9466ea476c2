/** One process per storage folder: an SQLite lock, which the system drops when its process dies in whatever way. */
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../shared/errors.ts';

const SQLITE_BUSY = 5;

export interface StorageLock extends Disposable {
  release(): void;
}

/** Throws `CONFLICT` when another relay, in this process or another, uses the folder. */
export function lockStorage(lockFile: string): StorageLock {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(lockFile, { timeout: 0 });
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    if (sqliteCode(cause) === SQLITE_BUSY) {
      throw new AppError(
        'CONFLICT',
        'Another relay uses this storage folder. Stop it, or choose another folder.',
        {
          cause,
        },
      );
    }
    throw new AppError('IO', 'The storage folder cannot be locked. Is it writable?', { cause });
  }
  const held = database;
  let released = false;
  const release = (): void => {
    if (released) return;
    released = true;
    held.close();
  };
  return { release, [Symbol.dispose]: release };
}

/** SQLite's primary result code (sqlite.org/rescode.html) of an error of `node:sqlite`. */
export function sqliteCode(cause: unknown): number | undefined {
  if (!(cause instanceof Error) || !('errcode' in cause) || typeof cause.errcode !== 'number')
    return undefined;
  return cause.errcode & 0xff;
}
