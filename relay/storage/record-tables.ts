/** Signed records as rows: what is in them has been verified by whoever puts it there. */
import type { AtomicRecord, RecordKey } from '../../shared/protocol/records.ts';
import type { IndexDatabase, Query, Row } from './index-database.ts';

export class AtomicTable {
  readonly #find: Query;
  readonly #put: Query;
  readonly #remove: Query;
  readonly #count: Query;

  constructor(database: IndexDatabase) {
    this.#find = database.query('SELECT public_key, seq, value, signature FROM atomic_records WHERE key = ?');
    this.#put =
      database.query(`INSERT INTO atomic_records (key, public_key, seq, value, signature) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET public_key = excluded.public_key, seq = excluded.seq, value = excluded.value,
        signature = excluded.signature`);
    this.#remove = database.query('DELETE FROM atomic_records WHERE key = ?');
    this.#count = database.query('SELECT COUNT(*) AS count FROM atomic_records');
  }

  find(key: RecordKey): AtomicRecord | null {
    return (this.#find.get(key) as AtomicRecord | undefined) ?? null;
  }

  put(key: RecordKey, { public_key, seq, value, signature }: AtomicRecord): void {
    this.#put.run(key, public_key, seq, value, signature);
  }

  remove(key: RecordKey): void {
    this.#remove.run(key);
  }

  count(): number {
    return Number(this.#count.get()?.['count'] ?? 0);
  }
}

/** One entry of a list, or the trace of it. */
export interface ListRow {
  readonly id: string;
  readonly public_key: string;
  /** Null after its removal, and while only the removal is known. */
  readonly value: string | null;
  readonly signature: string | null;
  /** The removal's signature. */
  readonly removal: string | null;
  /** Whether the entry itself has been here: then its signer is known, and nobody else's removal counts. */
  readonly seen: boolean;
}

export interface ListCounts {
  readonly rows: number;
  readonly entries: number;
}

const COLUMNS = 'id, public_key, value, signature, removal, seen';

export class ListTable {
  readonly #queries;

  constructor(database: IndexDatabase) {
    this.#queries = {
      find: database.query(
        `SELECT ${COLUMNS} FROM list_entries WHERE list = ? AND id = ? AND public_key = ?`,
      ),
      claims: database.query(`SELECT ${COLUMNS} FROM list_entries WHERE list = ? AND id = ?`),
      put: database.query(`INSERT INTO list_entries (list, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (list, id, public_key) DO UPDATE SET value = excluded.value, signature = excluded.signature,
          removal = excluded.removal, seen = excluded.seen`),
      dropOthers: database.query('DELETE FROM list_entries WHERE list = ? AND id = ? AND public_key <> ?'),
      drop: database.query('DELETE FROM list_entries WHERE list = ?'),
      page: database.query(`SELECT ${COLUMNS} FROM list_entries
        WHERE list = ? AND (id > ? OR (id = ? AND public_key > ?)) ORDER BY id, public_key LIMIT ?`),
      counts: database.query(
        'SELECT COUNT(*) AS rows, COUNT(value) AS entries FROM list_entries WHERE list = ?',
      ),
      signerCounts: database.query(
        'SELECT COUNT(*) AS rows, COUNT(value) AS entries FROM list_entries WHERE list = ? AND public_key = ?',
      ),
      total: database.query('SELECT COUNT(*) AS rows FROM list_entries'),
    };
  }

  find(list: RecordKey, id: string, publicKey: string): ListRow | null {
    const row = this.#queries.find.get(list, id, publicKey);
    return row === undefined ? null : asListRow(row);
  }

  /** All rows for one entry id: one if the entry has been seen, else one for each signer that claims to remove it. */
  claims(list: RecordKey, id: string): ListRow[] {
    return this.#queries.claims.all(list, id).map(asListRow);
  }

  put(list: RecordKey, { id, public_key, value, signature, removal, seen }: ListRow): void {
    this.#queries.put.run(list, id, public_key, value, signature, removal, seen ? 1 : 0);
  }

  /** Drops the claims of other signers to an entry. Gives how many there were. */
  dropOthers(list: RecordKey, id: string, publicKey: string): number {
    return this.#queries.dropOthers.run(list, id, publicKey);
  }

  /** Drops the whole list. Gives how many rows it had. */
  drop(list: RecordKey): number {
    return this.#queries.drop.run(list);
  }

  /** Rows after the one named, by id and then key. */
  page(list: RecordKey, after: { id: string; public_key: string }, limit: number): ListRow[] {
    return this.#queries.page.all(list, after.id, after.id, after.public_key, limit).map(asListRow);
  }

  counts(list: RecordKey): ListCounts {
    return asCounts(this.#queries.counts.get(list));
  }

  signerCounts(list: RecordKey, publicKey: string): ListCounts {
    return asCounts(this.#queries.signerCounts.get(list, publicKey));
  }

  /** Rows of all lists. */
  total(): number {
    return Number(this.#queries.total.get()?.['rows'] ?? 0);
  }
}

/** The keys under which this relay keeps records of either kind, each once, after `after`. */
export class RecordKeys {
  readonly #page: Query;

  constructor(database: IndexDatabase) {
    this.#page = database.query(`SELECT key FROM atomic_records WHERE key > ?1
      UNION SELECT list AS key FROM list_entries WHERE list > ?1 ORDER BY key LIMIT ?2`);
  }

  page(after: string, limit: number): RecordKey[] {
    return this.#page.all(after, limit).map((row) => row['key'] as RecordKey);
  }
}

function asListRow(row: Row): ListRow {
  return { ...(row as unknown as ListRow), seen: row['seen'] === 1 };
}

function asCounts(row: Row | undefined): ListCounts {
  return { rows: Number(row?.['rows'] ?? 0), entries: Number(row?.['entries'] ?? 0) };
}
