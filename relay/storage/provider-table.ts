/** Which relays say that they hold a chunk that does not lie where its placement says. */
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import type { IndexDatabase, Query } from './index-database.ts';

export class ProviderTable {
  readonly #database: IndexDatabase;
  readonly #add: Query;
  readonly #drop: Query;
  readonly #of: Query;
  readonly #count: Query;
  readonly #countOf: Query;
  readonly #relays: Query;

  constructor(database: IndexDatabase) {
    this.#database = database;
    this.#add = database.query('INSERT INTO providers (chunk, relay) VALUES (?, ?) ON CONFLICT DO NOTHING');
    this.#drop = database.query('DELETE FROM providers WHERE relay = ?');
    this.#of = database.query('SELECT relay FROM providers WHERE chunk = ? ORDER BY relay LIMIT ?');
    this.#count = database.query('SELECT COUNT(*) AS count FROM providers');
    this.#countOf = database.query('SELECT COUNT(*) AS count FROM providers WHERE relay = ?');
    this.#relays = database.query('SELECT DISTINCT relay FROM providers ORDER BY relay');
  }

  add(relay: RelayId, chunks: readonly ChunkId[]): void {
    this.#database.transaction(() => {
      for (const chunk of chunks) this.#add.run(chunk, relay);
    });
  }

  /** All that `relay` has said. */
  drop(relay: RelayId): void {
    this.#drop.run(relay);
  }

  of(chunk: ChunkId, limit: number): RelayId[] {
    return this.#of.all(chunk, limit).map((row) => row['relay'] as RelayId);
  }

  /** Rows in all, or of one relay. */
  count(relay?: RelayId): number {
    const row = relay === undefined ? this.#count.get() : this.#countOf.get(relay);
    return Number(row?.['count'] ?? 0);
  }

  /** Whoever has said something. */
  relays(): RelayId[] {
    return this.#relays.all().map((row) => row['relay'] as RelayId);
  }
}
