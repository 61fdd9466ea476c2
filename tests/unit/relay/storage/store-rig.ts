/** A store in a temporary folder, opened and reopened. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../../shared/errors.ts';
import { ChunkStore } from '../../../../relay/storage/chunk-store.ts';
import type { ChunkStoreOptions } from '../../../../relay/storage/chunk-store.ts';
import { silentLog, tempFolder } from '../fixtures.ts';
import type { TempFolder } from '../fixtures.ts';

export class StoreRig implements AsyncDisposable {
  readonly dir: string;
  readonly #folder: TempFolder;
  readonly #opened: ChunkStore[] = [];

  private constructor(folder: TempFolder) {
    this.#folder = folder;
    this.dir = folder.path;
  }

  static async create(): Promise<StoreRig> {
    return new StoreRig(await tempFolder());
  }

  /** Opens the store; an earlier one must be closed first. */
  async open(options: Partial<ChunkStoreOptions> = {}): Promise<ChunkStore> {
    const store = await this.openAtOnce(options);
    await store.reconciliation;
    return store;
  }

  /** As `open`, while files and index are still being compared. */
  async openAtOnce(options: Partial<ChunkStoreOptions> = {}): Promise<ChunkStore> {
    const store = await ChunkStore.open({
      dir: this.dir,
      capacityBytes: 2 ** 30,
      freeSpaceFloorBytes: 0,
      log: silentLog,
      wallTime: () => 1_000,
      ...options,
    });
    this.#opened.push(store);
    return store;
  }

  fileOf(id: string): string {
    return path.join(this.dir, 'chunks', id.slice(0, 2), id.slice(2, 4), id);
  }

  tempNames(): Promise<string[]> {
    return readdir(path.join(this.dir, 'tmp'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#opened) await store[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw new Error(`Expected an AppError, got ${String(error)}.`);
  return error.code;
}
