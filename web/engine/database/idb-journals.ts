import { unwrapSecret, wrapSecret } from '../../../shared/crypto/device-key.ts';
import type { Journal, JournalEntry, JournalHeader } from '../../../shared/engine/ports.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import { journalGone, journalHeld, journalMissing } from '../local-stores.ts';
import type {
  AbandonedUpload,
  LeftoverUpload,
  OwnedJournal,
  UploadJournals,
  UploadOrigin,
} from '../local-stores.ts';
import { IdbJournal, entryKeys, readEntries } from './idb-journal.ts';
import { acquireJournalLock, heldJournals } from './journal-lock.ts';
import type { HeldLock } from '../web-lock.ts';
import type { JournalRecord, LanvaultDatabase } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';

export const journalKeyContext = (uploadId: string): string => `journal key ${uploadId}`;

/** Journals in IndexedDB; Web Locks keep other tabs away from the ones in use. */
export class IdbJournals implements UploadJournals {
  readonly #database: LanvaultDatabase;
  readonly #deviceKey: CryptoKey;
  readonly #locks: LockManager;

  constructor(database: LanvaultDatabase, deviceKey: CryptoKey, locks: LockManager) {
    this.#database = database;
    this.#deviceKey = deviceKey;
    this.#locks = locks;
  }

  /** Throws `CONFLICT` when there is one of this upload id. */
  async create(header: JournalHeader, { handle = null, folder = '' }: UploadOrigin = {}): Promise<Journal> {
    const record: JournalRecord = { ...(await this.#record(header)), handle, folder };
    return this.#withLock(header.uploadId, async (lock) => {
      await withStorageErrors(async () => {
        const transaction = this.#database.transaction('journals', 'readwrite', { durability: 'strict' });
        if ((await transaction.store.getKey(header.uploadId)) !== undefined) throw journalHeld();
        await Promise.all([transaction.store.add(record), transaction.done]);
      });
      return new IdbJournal(this.#database, header, lock, 0);
    });
  }

  async grant(header: JournalHeader, manifestId: ManifestId, entries: Iterable<JournalEntry>): Promise<void> {
    const record: JournalRecord = { ...(await this.#record(header)), state: 'finished', manifestId };
    await this.#withLock(header.uploadId, async (lock) => {
      await withStorageErrors(async () => {
        const stores = ['journals', 'journal-entries'] as const;
        const transaction = this.#database.transaction(stores, 'readwrite', { durability: 'strict' });
        const rows = transaction.objectStore('journal-entries');
        const work: Promise<unknown>[] = [transaction.done, transaction.objectStore('journals').add(record)];
        let sequence = 0;
        for (const entry of entries) work.push(rows.add(entry, [header.uploadId, sequence++]));
        await Promise.all(work);
      });
      await lock.release();
    });
  }

  /** Throws `NOT_FOUND`, `CONFLICT`. */
  open(uploadId: string): Promise<Journal> {
    return this.#open(uploadId, ({ state }) => state !== 'abandoned');
  }

  openAbandoned(uploadId: string): Promise<Journal> {
    return this.#open(uploadId, ({ state }) => state === 'abandoned');
  }

  #open(uploadId: string, fits: (record: JournalRecord) => boolean): Promise<Journal> {
    return this.#withLock(uploadId, async (lock) => {
      const record = await withStorageErrors(() => this.#database.get('journals', uploadId));
      if (record === undefined || !fits(record)) throw journalMissing();
      const range = entryKeys(uploadId, 0);
      const count = await withStorageErrors(() => this.#database.count('journal-entries', range));
      return new IdbJournal(this.#database, await this.#header(record), lock, count);
    });
  }

  async unfinished(): Promise<readonly JournalHeader[]> {
    return (await this.leftovers()).map(({ header }) => header);
  }

  async leftovers(): Promise<readonly LeftoverUpload[]> {
    const held = await heldJournals(this.#locks);
    const all = await withStorageErrors(() =>
      this.#database.getAllFromIndex('journals', 'state', 'unfinished'),
    );
    const free = all.filter(({ uploadId }) => !held.has(uploadId));
    free.sort((a, b) => a.created.localeCompare(b.created));
    return Promise.all(
      free.map(async (record) => {
        const { handle, paused, folder = '' } = record;
        return { header: await this.#header(record), handle, paused, folder };
      }),
    );
  }

  async inUse(): Promise<boolean> {
    return (await heldJournals(this.#locks)).size > 0;
  }

  setPaused(uploadId: string, paused: boolean): Promise<void> {
    return this.#update(uploadId, (record) => (record.state === 'finished' ? record : { ...record, paused }));
  }

  async uploadOf(manifestId: ManifestId): Promise<string | null> {
    const key = await withStorageErrors(() =>
      this.#database.getKeyFromIndex('journals', 'manifestId', manifestId),
    );
    return key ?? null;
  }

  abandon(uploadId: string): Promise<void> {
    return this.#updateFree(uploadId, (record) => ({
      ...record,
      state: 'abandoned',
      paused: false,
      handle: null,
    }));
  }

  reinstate(uploadId: string): Promise<void> {
    return this.#updateFree(uploadId, (record) => ({
      ...record,
      state: record.manifestId === null ? 'unfinished' : 'finished',
      paused: record.manifestId === null,
    }));
  }

  async abandoned(): Promise<readonly AbandonedUpload[]> {
    const held = await heldJournals(this.#locks);
    const all = await withStorageErrors(() =>
      this.#database.getAllFromIndex('journals', 'state', 'abandoned'),
    );
    return all
      .filter(({ uploadId }) => !held.has(uploadId))
      .map(({ uploadId, name, manifestId, paused }) => ({ uploadId, name, manifestId, paused }));
  }

  async remove(uploadId: string): Promise<void> {
    await this.#withLock(uploadId, async (lock) => {
      await withStorageErrors(async () => {
        const stores = ['journals', 'journal-entries'] as const;
        const transaction = this.#database.transaction(stores, 'readwrite', { durability: 'strict' });
        await Promise.all([
          transaction.objectStore('journals').delete(uploadId),
          transaction.objectStore('journal-entries').delete(entryKeys(uploadId, 0)),
          transaction.done,
        ]);
      });
      await lock.release();
    });
  }

  async *owned(): AsyncGenerator<OwnedJournal> {
    for (const record of await withStorageErrors(() => this.#database.getAll('journals'))) {
      const { uploadId, name, sizeBytes, state, manifestId } = record;
      yield {
        ...{ name: `The journal of ${name}`, sizeBytes },
        complete: manifestId !== null,
        here: true,
        abandoned: state === 'abandoned',
        entries: () => this.#entriesOf(uploadId),
      };
    }
  }

  async *#entriesOf(uploadId: string): AsyncGenerator<JournalEntry> {
    yield* readEntries(this.#database, uploadId);
    // One that is removed while it is read looks like a shorter one.
    const key = await withStorageErrors(() => this.#database.getKey('journals', uploadId));
    if (key === undefined) throw journalGone();
  }

  async #record({ key, ...plain }: JournalHeader): Promise<JournalRecord> {
    const wrapped = await wrapSecret(key, this.#deviceKey, journalKeyContext(plain.uploadId));
    return { ...plain, state: 'unfinished', paused: false, manifestId: null, key: wrapped, handle: null };
  }

  async #updateFree(uploadId: string, change: (record: JournalRecord) => JournalRecord): Promise<void> {
    await this.#withLock(uploadId, async (lock) => {
      await this.#update(uploadId, change);
      await lock.release();
    });
  }

  async #update(uploadId: string, change: (record: JournalRecord) => JournalRecord): Promise<void> {
    await withStorageErrors(async () => {
      const transaction = this.#database.transaction('journals', 'readwrite', { durability: 'strict' });
      const record = await transaction.store.get(uploadId);
      if (record !== undefined) await transaction.store.put(change(record));
      await transaction.done;
    });
  }

  async #header({ uploadId, name, type, sizeBytes, fingerprint, created, mode, key }: JournalRecord) {
    const header: JournalHeader = {
      uploadId,
      name,
      type,
      sizeBytes,
      fingerprint,
      created,
      mode,
      key: await unwrapSecret(key, this.#deviceKey, journalKeyContext(uploadId)),
    };
    return header;
  }

  /** On success the lock is `work`'s to release. */
  async #withLock<T>(uploadId: string, work: (lock: HeldLock) => Promise<T>): Promise<T> {
    const lock = await acquireJournalLock(this.#locks, uploadId);
    if (lock === null) throw journalHeld();
    try {
      return await work(lock);
    } catch (cause) {
      await lock.release();
      throw cause;
    }
  }
}
