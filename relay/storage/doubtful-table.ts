/** Chunks that may have been deleted while this relay was away for longer than tombstones are kept. */
import type { ChunkId } from '../../shared/ids.ts';
import type { IndexDatabase, Query } from './index-database.ts';

const STATEMENTS = {
  markAll: 'INSERT INTO doubtful_chunks (id) SELECT id FROM chunks WHERE true ON CONFLICT (id) DO NOTHING',
  find: 'SELECT 1 FROM doubtful_chunks WHERE id = ?',
  clear: 'DELETE FROM doubtful_chunks WHERE id = ?',
  sweep: 'DELETE FROM doubtful_chunks WHERE id NOT IN (SELECT id FROM chunks)',
  page: 'SELECT id FROM doubtful_chunks WHERE id > ? ORDER BY id LIMIT ?',
} as const;

export class DoubtfulTable {
  readonly #queries: Readonly<Record<keyof typeof STATEMENTS, Query>>;
  /** Nearly always: then nothing is looked up. */
  #empty: boolean;

  constructor(database: IndexDatabase) {
    const entries = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.query(sql)] as const);
    this.#queries = Object.fromEntries(entries) as Record<keyof typeof STATEMENTS, Query>;
    this.#empty = this.page('', 1).length === 0;
  }

  /** Every chunk that the index knows is doubtful from now on, over restarts too. */
  markAll(): void {
    this.#queries.markAll.run();
    this.#empty = this.page('', 1).length === 0;
  }

  has(id: ChunkId): boolean {
    return !this.#empty && this.#queries.find.get(id) !== undefined;
  }

  clear(id: ChunkId): void {
    if (this.#empty) return;
    this.#queries.clear.run(id);
    this.#empty = this.page('', 1).length === 0;
  }

  /** Forgets chunks that are not held any more. */
  sweep(): void {
    if (this.#empty) return;
    this.#queries.sweep.run();
    this.#empty = this.page('', 1).length === 0;
  }

  page(after: string, limit: number): ChunkId[] {
    return this.#queries.page.all(after, limit).map((row) => row['id'] as ChunkId);
  }
}
