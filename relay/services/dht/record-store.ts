/** The records that this relay keeps: verified on arrival, merged by rules that do not depend on the order of arrival, durable. */
import { toHex, utf8 } from '../../../shared/bytes.ts';
import { createSha256 } from '../../../shared/crypto/hash.ts';
import { AppError } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import {
  MAX_ATOMIC_RECORDS,
  MAX_LIST_ENTRIES,
  MAX_LIST_ROWS,
  MAX_RECORD_ROWS,
  MAX_SIGNER_ENTRIES,
  MAX_SIGNER_ROWS,
  RECORD_SOURCE_SHARE,
} from '../../../shared/limits.ts';
import {
  atomicKey,
  entryId,
  verifyAtomic,
  verifyEntry,
  verifyRemoval,
} from '../../../shared/protocol/records.ts';
import type { AtomicRecord, ListEntry, ListRemoval, RecordKey } from '../../../shared/protocol/records.ts';
import type { IndexDatabase } from '../../storage/index-database.ts';
import { AtomicTable, ListTable, RecordKeys } from '../../storage/record-tables.ts';
import type { ListRow, ListSources } from '../../storage/record-tables.ts';
import type { SourceTally } from '../../storage/source-tally.ts';
import type { NamedRow, RecordItem, StoreOutcome } from './record-items.ts';

/** Rows read at once for a digest. */
const DIGEST_PAGE = 1024;
/** Keys whose digests and counts are remembered: hashing a full list takes some milliseconds. */
const MAX_CACHED_KEYS = 1024;
const FIRST = { id: '', public_key: '' };

export interface RecordLimits {
  readonly listEntries: number;
  readonly listRows: number;
  readonly signerEntries: number;
  readonly signerRows: number;
  readonly rows: number;
  readonly atomicRecords: number;
  /** Of each of these but the signers': what one relay may bring. */
  readonly sourceShare: number;
}

const DEFAULT_RECORD_LIMITS: RecordLimits = {
  listEntries: MAX_LIST_ENTRIES,
  listRows: MAX_LIST_ROWS,
  signerEntries: MAX_SIGNER_ENTRIES,
  signerRows: MAX_SIGNER_ROWS,
  rows: MAX_RECORD_ROWS,
  atomicRecords: MAX_ATOMIC_RECORDS,
  sourceShare: RECORD_SOURCE_SHARE,
};

export class RecordStore {
  readonly #database: IndexDatabase;
  readonly #limits: RecordLimits;
  readonly #atomic: AtomicTable;
  readonly #lists: ListTable;
  readonly #keys: RecordKeys;
  readonly #digests = new Map<RecordKey, string>();
  /** Who has brought what of a list: counting a full one takes as long. */
  readonly #listSources = new Map<RecordKey, ListSources>();
  /** Who has brought rows of lists, and atomic records. */
  #rows: SourceTally;
  #records: SourceTally;

  constructor(database: IndexDatabase, limits = DEFAULT_RECORD_LIMITS) {
    this.#database = database;
    this.#limits = limits;
    this.#atomic = new AtomicTable(database);
    this.#lists = new ListTable(database);
    this.#keys = new RecordKeys(database);
    this.#rows = this.#lists.sources();
    this.#records = this.#atomic.sources();
    database.onReset(() => this.#reload());
  }

  /** Rows of lists and atomic records held. */
  get counts(): { readonly rows: number; readonly atomic: number } {
    return { rows: this.#rows.total, atomic: this.#records.total };
  }

  /**
   * Verifies and merges; what is `stored` is durable. `source`: the relay that brings it, this one for its clients. Outcomes in the
   * order of the items. Throws `IO`, `NO_SPACE`.
   */
  async store(items: readonly RecordItem[], source: RelayId): Promise<StoreOutcome[]> {
    const genuine = await Promise.all(items.map((item) => isGenuine(item, () => this.#isHeld(item))));
    try {
      return this.#database.durably(() =>
        items.map((item, index) => (genuine[index] === true ? this.#merge(item, source) : 'void')),
      );
    } catch (error) {
      // Nothing of it was written.
      this.#reload();
      throw error;
    }
  }

  /** The atomic record at `key`. */
  atomic(key: RecordKey): AtomicRecord | null {
    return this.#atomic.find(key);
  }

  /** Names of the rows of a list after `after`. */
  rows(list: RecordKey, after: NamedRow | null, limit: number): NamedRow[] {
    return this.#lists.page(list, after ?? FIRST, limit).map(named);
  }

  /** Those of the rows named that are held, as they are now. */
  items(list: RecordKey, rows: readonly NamedRow[]): RecordItem[] {
    return rows.flatMap(({ id, public_key }) => {
      const row = this.#lists.find(list, id, public_key);
      return row === null ? [] : [asItem(list, row)];
    });
  }

  /** SHA-256 over everything under `key`, so that equal ones mean the same content; empty when there is nothing. */
  digest(key: RecordKey): string {
    const known = this.#digests.get(key);
    if (known !== undefined) return known;
    const digest = this.#computeDigest(key);
    remember(this.#digests, key, digest);
    return digest;
  }

  /** Keys under which something is held, after `after` (empty: from the first), in order. */
  keys(after: RecordKey, limit: number): RecordKey[] {
    return this.#keys.page(after, limit);
  }

  /** Drops all under `key`, if it is still what `digest` was taken of. False if it has changed since. */
  forget(key: RecordKey, digest: string): boolean {
    if (this.digest(key) !== digest) return false;
    this.#database.transaction(() => {
      for (const [source, rows] of this.#lists.drop(key)) this.#rows.add(source, -rows);
      const source = this.#atomic.remove(key);
      if (source !== undefined) this.#records.add(source, -1);
    });
    this.#changed(key);
    return true;
  }

  #computeDigest(key: RecordKey): string {
    const hash = createSha256();
    const record = this.#atomic.find(key);
    let isEmpty = record === null;
    hash.update(utf8(`${record?.signature ?? ''}\n`));
    let after: { id: string; public_key: string } = FIRST;
    for (;;) {
      const page = this.#lists.page(key, after, DIGEST_PAGE);
      for (const row of page)
        hash.update(utf8(`${row.id}${row.public_key}${row.removal === null ? '' : '-'}\n`));
      isEmpty &&= page.length === 0;
      after = page.at(-1) ?? after;
      if (page.length < DIGEST_PAGE) break;
    }
    return isEmpty ? '' : toHex(hash.digest());
  }

  /** Whether just this is here, so that it needs no verification again. */
  #isHeld(item: RecordItem): boolean {
    if (item.kind === 'atomic') {
      const held = this.#atomic.find(atomicKey(item.record.public_key));
      return held !== null && compareAtomic(held, item.record) === 0;
    }
    if (item.kind === 'entry') {
      const { entry, list } = item;
      const held = this.#lists.find(list, entryId(list, entry), entry.public_key);
      return held !== null && held.value === entry.value && held.signature === entry.signature;
    }
    const { removal, list } = item;
    return this.#lists.find(list, removal.entry, removal.public_key)?.removal === removal.signature;
  }

  #merge(item: RecordItem, source: RelayId): StoreOutcome {
    if (item.kind === 'atomic') return this.#mergeAtomic(item.record, source);
    return item.kind === 'entry'
      ? this.#mergeEntry(item.list, item.entry, source)
      : this.#mergeRemoval(item.list, item.removal, source);
  }

  /** Highest sequence number; two values under one number are the signer's fault, and all relays choose the same one. */
  #mergeAtomic(record: AtomicRecord, source: RelayId): StoreOutcome {
    const key = atomicKey(record.public_key);
    const held = this.#atomic.find(key);
    if (held !== null) {
      const order = compareAtomic(record, held);
      if (order < 0) return 'stale';
      if (order === 0) return 'stored';
    } else {
      if (this.#isFull(this.#records, this.#limits.atomicRecords, source)) return 'no-space';
      this.#records.add(source, 1);
    }
    this.#atomic.put(key, record, source);
    this.#changed(key);
    return 'stored';
  }

  #mergeEntry(list: RecordKey, entry: ListEntry, source: RelayId): StoreOutcome {
    const id = entryId(list, entry);
    const { public_key, value, signature } = entry;
    const held = this.#lists.find(list, id, public_key);
    // The entry shows whose it is: what others claimed of it is void.
    if (held?.seen !== true) this.#dropOthers(list, id, public_key);
    if (held === null) {
      const room = this.#roomForEntry(list, public_key, source);
      if (room === 'stored')
        this.#add(list, { id, public_key, value, signature, removal: null, seen: true, source });
      return room;
    }
    if (held.removal === null) return 'stored';
    if (!held.seen) this.#lists.put(list, { ...held, seen: true });
    return 'removed';
  }

  #mergeRemoval(
    list: RecordKey,
    { entry: id, public_key, signature }: ListRemoval,
    source: RelayId,
  ): StoreOutcome {
    const claims = this.#lists.claims(list, id);
    const held = claims.find((row) => row.public_key === public_key);
    if (held === undefined) {
      if (claims.some(({ seen }) => seen)) return 'void';
      const room = this.#roomForRow(list, public_key, source);
      const row = { id, public_key, value: null, signature: null, removal: signature, seen: false, source };
      if (room === 'stored') this.#add(list, row);
      return room;
    }
    if (held.removal === null) {
      this.#lists.put(list, { ...held, value: null, signature: null, removal: signature });
      this.#changed(list);
    }
    return 'stored';
  }

  #add(list: RecordKey, row: ListRow): void {
    this.#rows.add(row.source, 1);
    this.#lists.put(list, row);
    this.#changed(list);
  }

  #dropOthers(list: RecordKey, id: string, publicKey: string): void {
    const dropped = this.#lists.dropOthers(list, id, publicKey);
    for (const { source } of dropped) this.#rows.add(source, -1);
    if (dropped.length > 0) this.#changed(list);
  }

  #roomForEntry(list: RecordKey, publicKey: string, source: RelayId): 'stored' | 'full' | 'no-space' {
    const isFull =
      this.#isFull(this.#sourcesOf(list).entries, this.#limits.listEntries, source) ||
      this.#lists.signerCounts(list, publicKey).entries >= this.#limits.signerEntries;
    return isFull ? 'full' : this.#roomForRow(list, publicKey, source);
  }

  #roomForRow(list: RecordKey, publicKey: string, source: RelayId): 'stored' | 'full' | 'no-space' {
    const isFull =
      this.#isFull(this.#sourcesOf(list).rows, this.#limits.listRows, source) ||
      this.#lists.signerCounts(list, publicKey).rows >= this.#limits.signerRows;
    if (isFull) return 'full';
    return this.#isFull(this.#rows, this.#limits.rows, source) ? 'no-space' : 'stored';
  }

  /** For everybody, or for this source. */
  #isFull(tally: SourceTally, limit: number, source: RelayId): boolean {
    return tally.total >= limit || tally.of(source) >= limit * this.#limits.sourceShare;
  }

  #sourcesOf(list: RecordKey): ListSources {
    const known = this.#listSources.get(list);
    if (known !== undefined) return known;
    const sources = this.#lists.listSources(list);
    remember(this.#listSources, list, sources);
    return sources;
  }

  #changed(key: RecordKey): void {
    this.#digests.delete(key);
    this.#listSources.delete(key);
  }

  #reload(): void {
    this.#digests.clear();
    this.#listSources.clear();
    this.#rows = this.#lists.sources();
    this.#records = this.#atomic.sources();
  }
}

function remember<T>(cache: Map<RecordKey, T>, key: RecordKey, value: T): void {
  const [oldest] = cache.keys();
  if (cache.size >= MAX_CACHED_KEYS && oldest !== undefined) cache.delete(oldest);
  cache.set(key, value);
}

/** Positive when `a` wins over `b`. */
export function compareAtomic(a: AtomicRecord, b: AtomicRecord): number {
  if (a.seq !== b.seq) return a.seq - b.seq;
  const textA = `${a.value}:${a.signature}`;
  const textB = `${b.value}:${b.signature}`;
  return textA < textB ? -1 : textA > textB ? 1 : 0;
}

/** Whether the signature is the signer's and the value within its bound; `isKnown` may save the effort. */
export async function isGenuine(item: RecordItem, isKnown: () => boolean = () => false): Promise<boolean> {
  try {
    if (isKnown()) return true;
    if (item.kind === 'atomic') await verifyAtomic(item.record);
    else if (item.kind === 'entry') await verifyEntry(item.list, item.entry);
    else await verifyRemoval(item.list, item.removal);
    return true;
  } catch (cause) {
    // What is no base64url is no record either.
    if (['FORBIDDEN', 'TOO_LARGE', 'BAD_INPUT'].includes(AppError.from(cause).code)) return false;
    throw cause;
  }
}

function named({ id, public_key, removal }: ListRow): NamedRow {
  return { id, public_key, removed: removal !== null };
}

function asItem(list: RecordKey, { id, public_key, value, signature, removal }: ListRow): RecordItem {
  if (removal !== null)
    return { kind: 'removal', list, removal: { entry: id, public_key, signature: removal } };
  // A row without a removal has its entry.
  return { kind: 'entry', list, entry: { public_key, value: value ?? '', signature: signature ?? '' } };
}
