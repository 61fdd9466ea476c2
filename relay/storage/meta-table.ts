/** Small facts that a relay remembers from one start to the next. */
import type { IndexDatabase, Query } from './index-database.ts';

export class MetaTable {
  readonly #get: Query;
  readonly #set: Query;

  constructor(database: IndexDatabase) {
    this.#get = database.query('SELECT value FROM meta WHERE key = ?');
    this.#set = database.query(
      'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
    );
  }

  get(key: string): string | null {
    const value = this.#get.get(key)?.['value'];
    return typeof value === 'string' ? value : null;
  }

  set(key: string, value: string): void {
    this.#set.run(key, value);
  }
}
