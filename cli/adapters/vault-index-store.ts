/** The vault's index on this machine: `vault-index.sqlite` beside the vault, mode 0600. It holds the keys of all files. */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import Type from 'typebox';
import { backoffMs } from '../../shared/engine/retry.ts';
import { systemClock } from '../../shared/engine/clock.ts';
import type { EngineClock } from '../../shared/engine/clock.ts';
import type { VaultStore } from '../../shared/engine/vault-sync.ts';
import { AppError } from '../../shared/errors.ts';
import { parseWith } from '../../shared/protocol/schemas.ts';
import { stateFrom } from '../../shared/vault/vault-state.ts';
import type { StateItem, VaultState } from '../../shared/vault/vault-state.ts';
import { statOrNull } from './atomic-file.ts';
import { lockFile } from './file-lock.ts';
import { makeFolder } from './folders.ts';
import { ioError } from './io-errors.ts';

const FILE = 'vault-index.sqlite';
const Row = Type.Object({ key: Type.String(), value: Type.String() });
/** Publishing takes seconds; a command waits for others to be done with it for about a minute. */
const LOCK_TRIES = 25;
/** A reader waits so long for a save to end. */
const BUSY_TIMEOUT_MS = 5000;

/** Held by one process at a time, until disposed of. */
export class VaultIndexStore implements VaultStore, Disposable {
  readonly #database: DatabaseSync;
  readonly #lock: Disposable;

  private constructor(database: DatabaseSync, lock: Disposable) {
    this.#database = database;
    this.#lock = lock;
  }

  /** Waits for other processes to let go of it. Throws `CONFLICT` when one does not, `IO`, `ABORTED`. */
  static async open(
    dataFolder: string,
    signal: AbortSignal,
    clock: EngineClock = systemClock,
  ): Promise<VaultIndexStore> {
    await makeFolder(dataFolder, 0o700);
    const lock = await lockPatiently(join(dataFolder, 'vault-index.lock'), signal, clock);
    const path = join(dataFolder, FILE);
    try {
      const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
      // What was acknowledged is on the disk.
      database.exec('PRAGMA synchronous = FULL');
      database.exec(
        'CREATE TABLE IF NOT EXISTS item (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
      );
      await chmod(path, 0o600);
      return new VaultIndexStore(database, lock);
    } catch (cause) {
      lock[Symbol.dispose]();
      throw ioError(cause, `Opening ${path}`);
    }
  }

  load(): Promise<Iterable<readonly [string, string]>> {
    return this.#run(() => itemsIn(this.#database));
  }

  save(items: readonly StateItem[]): Promise<void> {
    return this.#run(() => {
      const put = this.#database.prepare('INSERT OR REPLACE INTO item (key, value) VALUES (?, ?)');
      const remove = this.#database.prepare('DELETE FROM item WHERE key = ?');
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        for (const [key, value] of items) {
          if (value === null) remove.run(key);
          else put.run(key, value);
        }
        this.#database.exec('COMMIT');
      } catch (cause) {
        this.#database.exec('ROLLBACK');
        throw cause;
      }
    });
  }

  [Symbol.dispose](): void {
    this.#database.close();
    this.#lock[Symbol.dispose]();
  }

  async #run<T>(work: () => T): Promise<T> {
    try {
      return await Promise.resolve(work());
    } catch (cause) {
      throw ioError(cause, 'The vault’s index');
    }
  }
}

/** What is kept, without keeping others from it; null for nothing yet. Throws `CORRUPT`, `IO`. */
export async function readVaultIndex(dataFolder: string): Promise<VaultState | null> {
  const path = join(dataFolder, FILE);
  try {
    if ((await statOrNull(path)) === null) return null;
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      return stateFrom(itemsIn(database));
    } finally {
      database.close();
    }
  } catch (cause) {
    throw ioError(cause, `Reading ${path}`);
  }
}

function itemsIn(database: DatabaseSync): (readonly [string, string])[] {
  return database
    .prepare('SELECT key, value FROM item')
    .all()
    .map((row) => {
      const { key, value } = parseWith(Row, row, 'The vault’s index');
      return [key, value] as const;
    });
}

async function lockPatiently(path: string, signal: AbortSignal, clock: EngineClock): Promise<Disposable> {
  for (let tries = 1; ; tries++) {
    try {
      return await lockFile(path, 'Another lanvault process is at work on your vault’s index. Try again.');
    } catch (cause) {
      if (!(cause instanceof AppError) || cause.code !== 'CONFLICT' || tries >= LOCK_TRIES) throw cause;
      await clock.sleep(backoffMs(tries), signal);
    }
  }
}
