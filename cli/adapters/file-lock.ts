/** A lock between processes that the system lets go of when its owner dies, however it dies. */
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../shared/errors.ts';
import { makeFolder } from './folders.ts';
import { ioError } from './io-errors.ts';

const SQLITE_BUSY = 5;

/**
 * Holds `path` (an empty file, made when missing) until disposed of. Throws `CONFLICT` with `taken` as its message
 * when another process or this one holds it already. An SQLite transaction is the one lock of the operating system
 * that Node reaches without native add-ons.
 */
export async function lockFile(path: string, taken: string): Promise<Disposable> {
  try {
    await makeFolder(dirname(path), 0o700);
    const database = new DatabaseSync(path);
    try {
      database.exec('BEGIN EXCLUSIVE');
    } catch (cause) {
      database.close();
      if (isBusy(cause)) throw new AppError('CONFLICT', taken, { cause });
      throw cause;
    }
    return { [Symbol.dispose]: () => database.close() };
  } catch (cause) {
    throw ioError(cause, `Locking ${path}`);
  }
}

function isBusy(cause: unknown): boolean {
  return cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY;
}
