import type { OwnPublication, PublicationStore } from '../../../shared/engine/catalog-publish.ts';
import type { LanvaultDatabase } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';

/** What this browser has published, in IndexedDB. */
export class IdbPublications implements PublicationStore {
  readonly #database: LanvaultDatabase;

  constructor(database: LanvaultDatabase) {
    this.#database = database;
  }

  list(): Promise<readonly OwnPublication[]> {
    return withStorageErrors(() => this.#database.getAll('publications'));
  }

  async save(publication: OwnPublication): Promise<void> {
    await withStorageErrors(async () => {
      const transaction = this.#database.transaction('publications', 'readwrite', { durability: 'strict' });
      await Promise.all([transaction.store.put(publication), transaction.done]);
    });
  }
}
