/** Signed records as rows: what is in them has been verified by whoever puts it there. */
import type { AtomicRecord, RecordKey } from '../../shared/protocol/records.ts';
import type { IndexDatabase, Query, Row } from './index-database.ts';
import { SourceTally } from './source-tally.ts';

export class AtomicTable {
  readonly #find: Query;
  readonly #put: Query;
  readonly #remove: Query;
  readonly #source: Query;
  readonly #sources: Query;

  constructor(database: IndexDatabase) {
    this.#find = database.query('SELECT public_key, seq, value, signature FROM atomic_records WHERE key = ?');
    this.#put =
      database.query(`INSERT INTO atomic_records (key, public_key, seq, value, signature, source) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET public_key = excluded.public_key, seq = excluded.seq, value = excluded.value,
        signature = excluded.signature`);
    this.#remove = database.query('DELETE FROM atomic_records WHERE key = ?');
    this.#source = database.query('SELECT source FROM atomic_records WHERE key = ?');
    this.#sources = database.query('SELECT source, COUNT(*) AS rows FROM atomic_records GROUP BY source');
  }

  find(key: RecordKey): AtomicRecord | null {
    return (this.#find.get(key) as AtomicRecord | undefined) ?? null;
  }

  /** `source`: who brings it; a newer record keeps the source of the first. */
  put(key: RecordKey, { public_key, seq, value, signature }: AtomicRecord, source: string): void {
    this.#put.run(key, public_key, seq, value, signature, source);
  }

  /** Gives the source of what was there; undefined: nothing was. */
  remove(key: RecordKey): string | null | undefined {
    const source = this.#source.get(key)?.['source'] as string | null | undefined;
    this.#remove.run(key);
    return source;
  }

  sources(): SourceTally {
    return new SourceTally(this.#sources.all().map(asSourceCount));
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
  /** Who brought it first; null: not known. */
  readonly source: string | null;
}

export interface ListCounts {
  readonly rows: number;
  readonly entries: number;
}

/** What each source has brought of one list. */
export interface ListSources {
  readonly rows: SourceTally;
  readonly entries: SourceTally;
}

const COLUMNS = 'id, public_key, value, signature, removal, seen, source';

export class ListTable {
  readonly #queries;

  constructor(database: IndexDatabase) {
    this.#queries = {
      find: database.query(
        `SELECT ${COLUMNS} FROM list_entries WHERE list = ? AND id = ? AND public_key = ?`,
      ),
      claims: database.query(`SELECT ${COLUMNS} FROM list_entries WHERE list = ? AND id = ?`),
      put: database.query(`INSERT INTO list_entries (list, ${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (list, id, public_key) DO UPDATE SET value = excluded.value, signature = excluded.signature,
          removal = excluded.removal, seen = excluded.seen`),
      dropOthers: database.query('DELETE FROM list_entries WHERE list = ? AND id = ? AND public_key <> ?'),
      drop: database.query('DELETE FROM list_entries WHERE list = ?'),
      page: database.query(`SELECT ${COLUMNS} FROM list_entries
        WHERE list = ? AND (id > ? OR (id = ? AND public_key > ?)) ORDER BY id, public_key LIMIT ?`),
      listSources: database.query(
        'SELECT source, COUNT(*) AS rows, COUNT(value) AS entries FROM list_entries WHERE list = ? GROUP BY source',
      ),
      signerCounts: database.query(
        'SELECT COUNT(*) AS rows, COUNT(value) AS entries FROM list_entries WHERE list = ? AND public_key = ?',
      ),
      sources: database.query('SELECT source, COUNT(*) AS rows FROM list_entries GROUP BY source'),
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

  put(list: RecordKey, { id, public_key, value, signature, removal, seen, source }: ListRow): void {
    this.#queries.put.run(list, id, public_key, value, signature, removal, seen ? 1 : 0, source);
  }

  /** Drops the claims of other signers to an entry. Gives what there were. */
  dropOthers(list: RecordKey, id: string, publicKey: string): ListRow[] {
    const others = this.claims(list, id).filter((row) => row.public_key !== publicKey);
    if (others.length > 0) this.#queries.dropOthers.run(list, id, publicKey);
    return others;
  }

  /** Drops the whole list. Gives whose rows it had. */
  drop(list: RecordKey): SourceTally {
    const { rows } = this.listSources(list);
    this.#queries.drop.run(list);
    return rows;
  }

  /** Rows after the one named, by id and then key. */
  page(list: RecordKey, after: { id: string; public_key: string }, limit: number): ListRow[] {
    return this.#queries.page.all(list, after.id, after.id, after.public_key, limit).map(asListRow);
  }

  listSources(list: RecordKey): ListSources {
    const counts = this.#queries.listSources.all(list);
    return {
      rows: new SourceTally(counts.map(asSourceCount)),
      entries: new SourceTally(counts.map((row) => [asSource(row), Number(row['entries'])])),
    };
  }

  signerCounts(list: RecordKey, publicKey: string): ListCounts {
    const row = this.#queries.signerCounts.get(list, publicKey);
    return { rows: Number(row?.['rows'] ?? 0), entries: Number(row?.['entries'] ?? 0) };
  }

  /** Of all lists. */
  sources(): SourceTally {
    return new SourceTally(this.#queries.sources.all().map(asSourceCount));
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

function asSource(row: Row): string | null {
  return row['source'] as string | null;
}

function asSourceCount(row: Row): [source: string | null, rows: number] {
  return [asSource(row), Number(row['rows'])];
}
