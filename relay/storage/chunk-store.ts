/**
 * A relay's chunks: files that are the truth, an index beside them, a budget of space. An acknowledged chunk is
 * durable, and what is not whole is never served.
 */
import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Bytes } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import type { ChunkId } from '../../shared/ids.ts';
import { MAX_CHUNK_BYTES } from '../../shared/limits.ts';
import type { StorageCondition } from '../../shared/protocol/health-routes.ts';
import { tombstoneId } from '../../shared/protocol/tombstone.ts';
import { bury } from './burial.ts';
import type { Deletion, DeletionOutcome } from './burial.ts';
import { deleted, notFound } from './chunk-errors.ts';
import { ChunkFiles, readWhole } from './chunk-files.ts';
import type { OpenedFile } from './chunk-files.ts';
import { hashSource } from './chunk-hasher.ts';
import { ChunkIndex } from './chunk-index.ts';
import type { ChunkHeader, IndexRow, InventoryRow } from './chunk-index.ts';
import { DoubtfulTable } from './doubtful-table.ts';
import { nodeFileOps, storageError } from './file-ops.ts';
import type { FileOps } from './file-ops.ts';
import { IndexDatabase } from './index-database.ts';
import { storageLayout } from './layout.ts';
import { KeyedTurns } from './keyed-turns.ts';
import { reconcileHashes, reconcileNames } from './reconcile.ts';
import { SpaceBudget } from './space-budget.ts';
import { storageCondition } from './storage-condition.ts';
import type { StorageLog } from './storage-log.ts';
import { TombstoneTable } from './tombstone-table.ts';
import type { TombstoneQuota } from './tombstone-table.ts';

const READ_PIECE_BYTES = 256 * 1024;
/** Files destroyed at once. */
const ERASING_AT_ONCE = 16;

export interface ChunkStoreOptions {
  readonly dir: string;
  /** Bytes; 0 stores nothing. */
  readonly capacityBytes: number;
  readonly freeSpaceFloorBytes: number;
  readonly log: StorageLog;
  /** Unix time, ms. */
  readonly wallTime: () => number;
  readonly ops?: FileOps;
  /** For tests; what limits.ts says otherwise. */
  readonly tombstoneQuota?: TombstoneQuota;
}

export interface OpenedChunk {
  readonly sizeBytes: number;
  readonly stream: Readable;
}

type ChunkSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export class ChunkStore implements AsyncDisposable {
  /** Closed with the store. */
  readonly database: IndexDatabase;
  /** No id has both a tombstone and a row in the chunk index: both change in one transaction. */
  readonly tombstones: TombstoneTable;
  /** Not to be given out, though held. */
  readonly doubtful: DoubtfulTable;
  #startedEmpty = false;
  readonly #files: ChunkFiles;
  readonly #index: ChunkIndex;
  readonly #budget: SpaceBudget;
  readonly #options: ChunkStoreOptions;
  readonly #stopping = new AbortController();
  /** A file is judged by its bytes and then set aside by its name: between the two, nobody may put another one there. */
  readonly #turns = new KeyedTurns();
  /** Deleted, but their files could not be destroyed: tried again with each deletion of them, and at the next start. */
  readonly #resisting = new Set<ChunkId>();
  /** Until this settles, files may exist that the index does not know. */
  #reconciliation: Promise<void> = Promise.resolve();
  #reconciled = false;
  #reconcileRuns = 0;
  /** Writes wait for this, so that the quota counts what is there already. */
  #accounted: Promise<void> = Promise.resolve();

  private constructor(options: ChunkStoreOptions) {
    const layout = storageLayout(options.dir);
    this.#options = options;
    this.#files = new ChunkFiles(layout, options.ops ?? nodeFileOps);
    this.database = new IndexDatabase(layout.index);
    this.#index = new ChunkIndex(this.database);
    this.doubtful = new DoubtfulTable(this.database);
    this.tombstones = new TombstoneTable(this.database, options.tombstoneQuota);
    this.database.onReset(() => this.#startReconciliation());
    this.#budget = new SpaceBudget({
      capacityBytes: options.capacityBytes,
      floorBytes: options.freeSpaceFloorBytes,
      usedBytes: () => this.#index.totals.bytes + this.#files.asideBytes,
      freeBytes: () => this.#files.freeBytes(),
    });
  }

  /** Opens the store; the folder's lock must be held. Throws `IO`, `NO_SPACE`, `UNSUPPORTED`. */
  static async open(options: ChunkStoreOptions): Promise<ChunkStore> {
    try {
      await mkdir(options.dir, { recursive: true, mode: 0o700 });
      const store = new ChunkStore(options);
      await store.#files.prepare();
      store.#startedEmpty = store.usage.chunks === 0 && (await store.#files.areNone());
      store.#startReconciliation();
      return store;
    } catch (cause) {
      throw storageError(cause);
    }
  }

  get capacityBytes(): number {
    return this.#options.capacityBytes;
  }

  /** Whether there was nothing to serve when the store was opened. */
  get startedEmpty(): boolean {
    return this.#startedEmpty;
  }

  get usage(): { readonly chunks: number; readonly bytes: number } {
    return this.#index.totals;
  }

  /** Bytes that it still takes, by its capacity and by its disk. */
  readonly room = (): Promise<number> => this.#budget.room();

  /** Settles when the index and the files agree; never rejects. */
  get reconciliation(): Promise<void> {
    return this.#reconciliation;
  }

  /** Whether chunks can be stored, as it is now. */
  condition(): Promise<StorageCondition> {
    return storageCondition({ capacityBytes: this.capacityBytes, files: this.#files, budget: this.#budget });
  }

  /** Free bytes on the file system. Throws its errors. */
  readonly freeBytes = (): Promise<number> => this.#files.freeBytes();

  has(id: ChunkId): boolean {
    return this.#index.find(id) !== null;
  }

  /** The public part of a chunk that is held and verified, from the index alone. */
  header(id: ChunkId): ChunkHeader | null {
    return this.#index.header(id);
  }

  /** Bytes of a stored chunk, or null. */
  async sizeOf(id: ChunkId): Promise<number | null> {
    return (await this.#whole(id))?.sizeBytes ?? null;
  }

  /**
   * Stores a chunk durably, reading `source` to its end; one that is here already is checked, not rewritten. Resolves with its size.
   * `sizeHintBytes`: the size if it is known. Throws `DELETED`, `HASH_MISMATCH`, `TOO_LARGE`, `BAD_INPUT`, `NO_SPACE`, `IO`, or what `source` throws.
   */
  async put(id: ChunkId, source: ChunkSource, sizeHintBytes = MAX_CHUNK_BYTES): Promise<number> {
    try {
      await this.#accounted;
      this.#refuseDeleted(id);
      const isHere = this.has(id) && (await this.#verify(id));
      const room = await this.#files.roomFor(id, sizeHintBytes);
      const write = (): Promise<number> => this.#budget.withRoom(room, () => this.#write(id, source));
      const sizeBytes = await (isHere ? this.#confirm(id, source) : write());
      // Whoever has all of it could bring it to any relay that never had it.
      this.doubtful.clear(id);
      return sizeBytes;
    } catch (cause) {
      throw storageError(cause);
    }
  }

  /**
   * Deletes for good: the tombstones are durable first, all in one go; then files are destroyed. A crash in between is made up for
   * at the next start. A file that resists is not served all the same; see `resists`. Throws `IO`, `NO_SPACE` when nothing was
   * deleted, `BAD_INPUT` for what is not hex.
   */
  async delete(deletions: readonly Deletion[]): Promise<Map<ChunkId, DeletionOutcome>> {
    try {
      const byId = new Map(deletions.map((deletion) => [tombstoneId(deletion.tombstone), deletion]));
      const found = this.#reconciled ? new Set<ChunkId>() : await this.#filesAmong(byId.keys());
      const { database, tombstones } = this;
      const parts = { database, tombstones, index: this.#index, now: this.#options.wallTime() };
      const outcomes = bury(parts, byId, found);
      const buried = [...outcomes].flatMap(([id, outcome]) => (outcome === 'full' ? [] : [id]));
      for (let at = 0; at < buried.length; at += ERASING_AT_ONCE) {
        await Promise.all(buried.slice(at, at + ERASING_AT_ONCE).map((id) => this.#erase(id)));
      }
      return outcomes;
    } catch (cause) {
      throw storageError(cause);
    }
  }

  /** Whether the chunk is deleted, and its bytes are still on the disk: then its deletion is to be asked for again. */
  resists(id: ChunkId): boolean {
    return this.#resisting.has(id);
  }

  /** Re-hashes a chunk's file. False: it is gone, or rotten and has been set aside; then the chunk is not held any more. */
  verify(id: ChunkId): Promise<boolean> {
    return this.#verify(id);
  }

  /** Gives a chunk up without a tombstone: it may come back. Fine when it is not here. Throws `IO`. */
  async drop(id: ChunkId): Promise<void> {
    try {
      await this.#turns.run(id, async () => {
        await this.#files.remove(id);
        this.#index.remove(id);
      });
    } catch (cause) {
      throw storageError(cause);
    }
  }

  /** The bytes as they lie on the disk, of the size they were stored with. Throws `NOT_FOUND`, `DELETED`. */
  async read(id: ChunkId): Promise<Bytes> {
    const { handle, sizeBytes } = await this.#open(id);
    try {
      const bytes = await readWhole(handle, sizeBytes);
      if (bytes.length === sizeBytes) return bytes;
      throw notFound();
    } catch (cause) {
      throw this.#unreadable(id, cause);
    } finally {
      await handle.close();
    }
  }

  /** As `read`, as a stream that closes its file by itself. */
  async openStream(id: ChunkId): Promise<OpenedChunk> {
    const { handle, sizeBytes } = await this.#open(id);
    const stream = createReadStream('', {
      fd: handle,
      start: 0,
      end: sizeBytes - 1,
      highWaterMark: READ_PIECE_BYTES,
    });
    return { sizeBytes, stream };
  }

  /** Verified chunks by id, from the first after `after`. */
  inventory(after: string, limit: number): InventoryRow[] {
    return this.#index.page(after, limit);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#reconciliation;
    this.database[Symbol.dispose]();
  }

  /** Never rejects: what one file does must not keep the others. */
  async #erase(id: ChunkId): Promise<void> {
    try {
      await this.#turns.run(id, () => this.#files.remove(id));
      this.#resisting.delete(id);
    } catch (cause) {
      this.#resisting.add(id);
      this.#options.log.error({ err: cause }, 'The file of a deleted chunk cannot be destroyed');
    }
  }

  async #write(id: ChunkId, source: ChunkSource): Promise<number> {
    const { sizeBytes } = await this.#files.write(id, source, (digest, move) =>
      this.#turns.run(id, async () => {
        this.#refuseDeleted(id);
        await move();
        // Its tombstone may have come while the file took its name: who brought it waits to destroy the file.
        this.#refuseDeleted(id);
        this.#index.put(digest, this.#options.wallTime());
      }),
    );
    return sizeBytes;
  }

  async #filesAmong(ids: Iterable<ChunkId>): Promise<Set<ChunkId>> {
    const found = new Set<ChunkId>();
    for (const id of ids) if ((await this.#files.stat(id)) !== null) found.add(id);
    return found;
  }

  #refuseDeleted(id: ChunkId): void {
    if (this.tombstones.has(id)) throw deleted();
  }

  /** Reads a body whose chunk is here already; what happens to the chunk meanwhile counts. */
  async #confirm(id: ChunkId, source: ChunkSource): Promise<number> {
    const sizeBytes = await hashSource(id, source);
    this.#refuseDeleted(id);
    if (this.has(id)) return sizeBytes;
    throw new AppError('UNAVAILABLE', 'The chunk went while it was sent once more. Send it again.');
  }

  async #open(id: ChunkId): Promise<OpenedFile> {
    try {
      const row = await this.#whole(id);
      const opened = row === null ? null : await this.#files.open(id);
      if (row === null || opened === null) throw this.tombstones.has(id) ? deleted() : notFound();
      if (opened.sizeBytes === row.sizeBytes) return opened;
      await opened.handle.close();
      throw notFound();
    } catch (cause) {
      throw this.#unreadable(id, cause);
    }
  }

  /** The row of a chunk whose file is there with the right size; verifies first what was only found. */
  async #whole(id: ChunkId): Promise<IndexRow | null> {
    const row = this.#index.find(id);
    const stats = row === null && this.#reconciled ? null : await this.#files.stat(id);
    if (row === null && stats === null) return null;
    if (row?.verified === true && row.sizeBytes === stats?.size) return row;
    return (await this.#verify(id)) ? this.#index.find(id) : null;
  }

  /** Hashes the file and settles its row: stored, or gone from the index with the file set aside. */
  #verify(id: ChunkId): Promise<boolean> {
    return this.#turns.run(id, () => this.#judge(id));
  }

  async #judge(id: ChunkId): Promise<boolean> {
    if (this.tombstones.has(id)) {
      await this.#files.remove(id);
      return false;
    }
    const digest = await this.#files.verify(id);
    if (digest === null) {
      this.#drop(id, 'A chunk file has vanished');
      if (!(await this.#files.hasFolderOf(id))) this.#lookAgain();
      return false;
    }
    if (digest === 'rotten') {
      await this.#files.setAside(id);
      this.#drop(id, 'A chunk file no longer holds its chunk and was set aside');
      return false;
    }
    if (this.#index.find(id)?.verified !== true) {
      await this.#files.settle(id);
      if (this.tombstones.has(id)) return false;
      this.#index.put(digest, this.#options.wallTime());
    }
    return true;
  }

  #drop(id: ChunkId, why: string): void {
    this.#index.remove(id);
    this.#options.log.warn({}, why);
    this.#options.log.debug({ chunk: id }, why);
  }

  /** A file that cannot be read is as good as not there, for the client; the operator is told. */
  #unreadable(id: ChunkId, cause: unknown): AppError {
    if (cause instanceof AppError) return cause;
    this.#options.log.error({ err: cause }, 'A chunk file cannot be read');
    this.#options.log.debug({ chunk: id }, 'A chunk file cannot be read');
    return notFound(cause);
  }

  /** Where a folder has gone, more than one chunk has: they are not to be found missing one by one. */
  #lookAgain(): void {
    if (!this.#reconciled) return;
    this.#options.log.error({}, 'Folders of chunks have vanished: the index is compared with what is left');
    this.#startReconciliation();
  }

  #startReconciliation(): void {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    this.#reconciled = false;
    const parts = {
      files: this.#files,
      index: this.#index,
      log: this.#options.log,
      wallTime: this.#options.wallTime,
      isDeleted: (id: ChunkId) => this.tombstones.has(id),
      erase: (id: ChunkId) => this.#erase(id),
      verify: (id: ChunkId) => this.#verify(id),
    };
    const run = ++this.#reconcileRuns;
    const names = reconcileNames(parts, signal);
    const fresh = this.#index.totals.chunks === 0;
    if (fresh) this.#accounted = names.catch(() => undefined);
    this.#reconciliation = names
      .then(() => {
        this.#reconciled = run === this.#reconcileRuns;
        return reconcileHashes(parts, signal);
      })
      .catch((cause: unknown) => {
        if (!signal.aborted)
          this.#options.log.error({ err: cause }, 'The index could not be compared with the files');
      });
  }
}
