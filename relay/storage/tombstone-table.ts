/**
 * The tombstones that this relay keeps. Those of chunks that were held here are always taken; the rest count against a quota of
 * whoever brought them and a total, so that nobody fills the disk with deletions of chunks that never were.
 */
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { MAX_FOREIGN_TOMBSTONES, MAX_TOMBSTONES_PER_SOURCE } from '../../shared/limits.ts';
import type { Tombstone } from '../../shared/protocol/tombstone.ts';
import type { IndexDatabase, Query } from './index-database.ts';
import { SourceTally } from './source-tally.ts';

/** Sorts behind every hex digit. */
const AFTER_HEX = 'g';

const STATEMENTS = {
  has: 'SELECT 1 FROM tombstones WHERE id = ?',
  get: 'SELECT body_hash, token, received_at FROM tombstones WHERE id = ?',
  insert: `INSERT INTO tombstones (id, body_hash, token, received_at, source) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id) DO NOTHING`,
  page: 'SELECT id FROM tombstones WHERE id > ? AND id < ? ORDER BY id LIMIT ?',
  outdated: 'SELECT id, source FROM tombstones WHERE received_at < ? LIMIT ?',
  remove: 'DELETE FROM tombstones WHERE id = ?',
  count: 'SELECT COUNT(*) AS n FROM tombstones',
  sources: 'SELECT source, COUNT(*) AS n FROM tombstones WHERE source IS NOT NULL GROUP BY source',
} as const;

/** Whoever brought a tombstone. */
export type TombstoneSource = RelayId | 'client';

export interface StoredTombstone extends Tombstone {
  /** Unix time, ms: since when it is kept. */
  readonly received_at: number;
}

export interface TombstoneQuota {
  readonly perSource: number;
  readonly total: number;
}

const QUOTA: TombstoneQuota = { perSource: MAX_TOMBSTONES_PER_SOURCE, total: MAX_FOREIGN_TOMBSTONES };

export class TombstoneTable {
  readonly #queries: Readonly<Record<keyof typeof STATEMENTS, Query>>;
  readonly #quota: TombstoneQuota;
  readonly #listeners: ((id: ChunkId | null) => void)[] = [];
  /** Tombstones that count against quotas. */
  #foreign = new SourceTally();
  #size = 0;

  constructor(database: IndexDatabase, quota = QUOTA) {
    const entries = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.query(sql)] as const);
    this.#queries = Object.fromEntries(entries) as Record<keyof typeof STATEMENTS, Query>;
    this.#quota = quota;
    this.#recount();
    database.onReset(() => {
      this.#foreign = new SourceTally();
      this.#size = 0;
      this.#tell(null);
    });
  }

  /** Calls `listener` with each id that is added or forgotten; null: anything may have changed. */
  onChange(listener: (id: ChunkId | null) => void): void {
    this.#listeners.push(listener);
  }

  has(id: ChunkId): boolean {
    return this.#queries.has.get(id) !== undefined;
  }

  get(id: ChunkId): StoredTombstone | null {
    return (this.#queries.get.get(id) as StoredTombstone | undefined) ?? null;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether `source` may bring one more for a chunk that is not held here. */
  hasRoom(source: TombstoneSource): boolean {
    return this.#foreign.total < this.#quota.total && this.#foreign.of(source) < this.#quota.perSource;
  }

  /** Keeps a tombstone that is not here yet. `source`: null for a chunk that was held, which no quota counts. */
  insert(id: ChunkId, tombstone: Tombstone, receivedAt: number, source: TombstoneSource | null): void {
    const { body_hash, token } = tombstone;
    if (this.#queries.insert.run(id, body_hash, token, receivedAt, source) === 0) return;
    this.#count(source, 1);
    this.#tell(id);
  }

  /** After a transaction that was rolled back, what is remembered of the rows may be wrong. */
  reload(): void {
    this.#recount();
    this.#tell(null);
  }

  /** Ids that begin with `prefix`, in order, from the first after `after`. */
  page(prefix: string, after: string, limit: number): ChunkId[] {
    const from = after > prefix ? after : prefix;
    return this.#queries.page.all(from, prefix + AFTER_HEX, limit).map((row) => row['id'] as ChunkId);
  }

  /** Forgets up to `limit` tombstones received before then; how many there were. */
  forgetBefore(receivedAt: number, limit: number): number {
    const rows = this.#queries.outdated.all(receivedAt, limit);
    for (const { id, source } of rows) {
      if (this.#queries.remove.run(id as ChunkId) > 0) this.#count(source as string | null, -1);
      this.#tell(id as ChunkId);
    }
    return rows.length;
  }

  #count(source: string | null, change: 1 | -1): void {
    this.#size += change;
    if (source !== null) this.#foreign.add(source, change);
  }

  #recount(): void {
    const rows = this.#queries.sources.all();
    this.#foreign = new SourceTally(rows.map((row) => [String(row['source']), Number(row['n'])]));
    this.#size = Number(this.#queries.count.get()?.['n'] ?? 0);
  }

  #tell(id: ChunkId | null): void {
    for (const listener of this.#listeners) listener(id);
  }
}
