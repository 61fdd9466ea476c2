import type { CatalogPort } from '../../../../shared/engine/catalog.ts';
import type { AppError } from '../../../../shared/errors.ts';
import {
  catalogListOf,
  foldName,
  parsePublication,
  publicationLink,
} from '../../../../shared/protocol/catalog.ts';
import type { CatalogPage, CatalogQuery, CatalogRow } from '../../../../shared/protocol/catalog-routes.ts';
import { entryId, verifyEntry, verifyRemoval } from '../../../../shared/protocol/records.ts';
import type { ListEntry } from '../../../../shared/protocol/records.ts';

/** A catalog in memory that verifies as a relay does. */
export class MemoryCatalog implements CatalogPort {
  readonly entries = new Map<string, ListEntry>();
  /** Thrown when the answer is due: what was asked for has been done. */
  fault: AppError | null = null;
  unreachable = 0;
  pages = 0;

  async publish(entry: ListEntry) {
    const list = catalogListOf(entry.public_key);
    await verifyEntry(list, entry);
    const id = entryId(list, entry);
    this.entries.set(id, entry);
    if (this.fault !== null) throw this.fault;
    return { id, holders: ['11'.repeat(32)] };
  }

  async unpublish(removal: Parameters<CatalogPort['unpublish']>[0]) {
    await verifyRemoval(catalogListOf(removal.public_key), removal);
    if (this.fault !== null) throw this.fault;
    this.entries.delete(removal.entry);
    return { id: removal.entry, holders: [] };
  }

  page({ q = '' }: CatalogQuery): Promise<CatalogPage> {
    this.pages++;
    if (this.fault !== null) return Promise.reject(this.fault);
    const rows = Array.from(this.entries, ([id, entry]): CatalogRow => {
      const { name, size, type, created, ...rest } = parsePublication(entry.value);
      return {
        id,
        ...entry,
        name,
        size,
        type,
        created,
        link: publicationLink({ name, size, type, created, ...rest }),
      };
    });
    const found = rows.filter(({ name }) => foldName(name).includes(foldName(q)));
    return Promise.resolve({ entries: found, skipped: 0, unreachable: this.unreachable, next: null });
  }
}
