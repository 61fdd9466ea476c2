import type { Journal, JournalEntry, JournalHeader } from '../../../shared/engine/ports.ts';
import type { HeldLock } from '../web-lock.ts';
import type { LanvaultDatabase } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';

/** Entries that one read takes from the database. */
const PAGE_ENTRIES = 512;

export const entryKeys = (uploadId: string, from: number): IDBKeyRange =>
  IDBKeyRange.bound([uploadId, from], [uploadId, Infinity]);

/** All entries of an upload that were written before this is read. */
export async function* readEntries(
  database: LanvaultDatabase,
  uploadId: string,
): AsyncGenerator<JournalEntry> {
  let from = 0;
  for (;;) {
    const range = entryKeys(uploadId, from);
    const page = await withStorageErrors(() => database.getAll('journal-entries', range, PAGE_ENTRIES));
    yield* page;
    if (page.length < PAGE_ENTRIES) return;
    from += page.length;
  }
}

interface Waiting {
  readonly entries: readonly JournalEntry[];
  resolve(): void;
  reject(cause: unknown): void;
}

/** One upload's journal, held by this tab until `close`. */
export class IdbJournal implements Journal {
  readonly header: JournalHeader;
  readonly #database: LanvaultDatabase;
  readonly #lock: HeldLock;
  #nextSequence: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;

  /** `nextSequence` is the number of entries that are there. */
  constructor(database: LanvaultDatabase, header: JournalHeader, lock: HeldLock, nextSequence: number) {
    this.#database = database;
    this.header = header;
    this.#lock = lock;
    this.#nextSequence = nextSequence;
  }

  entries(): AsyncGenerator<JournalEntry> {
    return readEntries(this.#database, this.header.uploadId);
  }

  /** Appends that come while one is being written share the next write: a disk flush each would slow fast networks. */
  append(entries: readonly JournalEntry[]): Promise<void> {
    if (entries.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entries, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#lock.release();
  }

  /** Never rejects: each append learns of its own fate. */
  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(batch.flatMap(({ entries }) => entries));
        for (const waiting of batch) waiting.resolve();
      } catch (cause) {
        for (const waiting of batch) waiting.reject(cause);
      }
    }
    this.#writing = null;
  }

  async #write(entries: readonly JournalEntry[]): Promise<void> {
    const { uploadId } = this.header;
    await withStorageErrors(async () => {
      const transaction = this.#database.transaction('journal-entries', 'readwrite', {
        durability: 'strict',
      });
      await Promise.all([
        ...entries.map((entry, i) => transaction.store.add(entry, [uploadId, this.#nextSequence + i])),
        transaction.done,
      ]);
    });
    this.#nextSequence += entries.length;
  }
}
