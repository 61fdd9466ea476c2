/** Which relays say that they hold a chunk that does not lie where its placement says. */
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import type { IndexDatabase, Query } from './index-database.ts';

export class ProviderTable {
  readonly #database: IndexDatabase;
  readonly #add: Query;
  readonly #drop: Query;
  readonly #of: Query;
  /** Rows by relay: counting them anew for each message would take longer than the message. */
  readonly #counts = new Map<RelayId, number>();
  #total = 0;

  constructor(database: IndexDatabase) {
    this.#database = database;
    this.#add = database.query('INSERT INTO providers (chunk, relay) VALUES (?, ?) ON CONFLICT DO NOTHING');
    this.#drop = database.query('DELETE FROM providers WHERE relay = ?');
    this.#of = database.query('SELECT relay FROM providers WHERE chunk = ? ORDER BY relay LIMIT ?');
    const counts = database.query(
      'SELECT relay, COUNT(*) AS count FROM providers GROUP BY relay ORDER BY relay',
    );
    for (const row of counts.all()) this.#changed(row['relay'] as RelayId, Number(row['count']));
    database.onReset(() => {
      this.#counts.clear();
      this.#total = 0;
    });
  }

  add(relay: RelayId, chunks: readonly ChunkId[]): void {
    const added = this.#database.transaction(() =>
      chunks.reduce((sum, chunk) => sum + this.#add.run(chunk, relay), 0),
    );
    this.#changed(relay, added);
  }

  /** All that `relay` has said. */
  drop(relay: RelayId): void {
    this.#changed(relay, -this.#drop.run(relay));
  }

  of(chunk: ChunkId, limit: number): RelayId[] {
    return this.#of.all(chunk, limit).map((row) => row['relay'] as RelayId);
  }

  /** Rows in all, or of one relay. */
  count(relay?: RelayId): number {
    return relay === undefined ? this.#total : (this.#counts.get(relay) ?? 0);
  }

  /** Whoever has said something. */
  relays(): RelayId[] {
    return [...this.#counts.keys()];
  }

  #changed(relay: RelayId, rows: number): void {
    const count = this.count(relay) + rows;
    if (count > 0) this.#counts.set(relay, count);
    else this.#counts.delete(relay);
    this.#total += rows;
  }
}
