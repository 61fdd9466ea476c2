/** The public catalog as this relay serves it: signed entries of anybody, in lists that the swarm's records keep. */
import { AppError } from '../../../shared/errors.ts';
import { CATALOG_PAGE_ROWS, CATALOG_SHARDS, CATALOG_WRITE_TIMEOUT_MS } from '../../../shared/limits.ts';
import {
  catalogListOf,
  catalogShardOf,
  foldName,
  parsePublication,
  publicationLink,
} from '../../../shared/protocol/catalog.ts';
import type {
  CatalogChange,
  CatalogPage,
  CatalogQuery,
  CatalogRow,
} from '../../../shared/protocol/catalog-routes.ts';
import { entryId, verifyEntry, verifyRemoval } from '../../../shared/protocol/records.ts';
import type { ListEntry, ListRemoval } from '../../../shared/protocol/records.ts';
import { abortable, withDeadline } from '../deadline.ts';
import type { Records, StoredRecord } from '../dht/records.ts';
import type { Clock } from '../ports.ts';
import { CatalogShards } from './catalog-shards.ts';
import type { CatalogItem } from './catalog-shards.ts';

export interface CatalogParts {
  readonly records: Pick<Records, 'append' | 'remove' | 'entries'>;
  readonly clock: Clock;
  readonly stopped: AbortSignal;
}

/** Where a page ends: the shard, and the id of its last row there (none yet: empty). */
interface Place {
  readonly shard: number;
  readonly after: string;
}

export class Catalog {
  readonly #parts: CatalogParts;
  readonly #shards: CatalogShards;

  constructor(parts: CatalogParts) {
    this.#parts = parts;
    this.#shards = new CatalogShards(parts);
  }

  /**
   * Rows by shard and id; those whose name holds `q`, if it is given. `UNAVAILABLE` when no shard at all can be read; a page
   * says how many could not.
   */
  async page(query: CatalogQuery, signal: AbortSignal): Promise<CatalogPage> {
    const { q = '', cursor, limit = CATALOG_PAGE_ROWS } = query;
    const wanted = foldName(q);
    const start = cursor === undefined ? { shard: 0, after: '' } : placeOf(cursor);
    // All at once: where relays are gone, each shard may take its time to say so.
    const numbers = Array.from({ length: CATALOG_SHARDS - start.shard }, (_, index) => start.shard + index);
    const shards = await abortable(signal, Promise.all(numbers.map((shard) => this.#shards.read(shard))));
    if (cursor === undefined && shards.every((shard) => shard === null))
      throw new AppError('UNAVAILABLE', 'No relay that keeps the catalog can be reached. Try again later.');

    const entries: CatalogRow[] = [];
    let [skipped, unreachable] = [0, 0];
    for (const [index, shard] of shards.entries()) {
      const number = start.shard + index;
      const after = index === 0 ? start.after : '';
      if (shard === null) unreachable++;
      else if (after === '') skipped += shard.skipped;
      for (const item of shard?.items ?? []) {
        if (item.id <= after || !item.folded.includes(wanted)) continue;
        const last = entries.at(-1);
        if (entries.length >= limit && last !== undefined)
          return { entries, skipped, unreachable, next: cursorOf(last) };
        entries.push(rowOf(item));
      }
      const last = entries.at(-1);
      // A full page begins no further shard, whose bad rows would be counted twice.
      if (entries.length >= limit && last !== undefined && number < CATALOG_SHARDS - 1)
        return { entries, skipped, unreachable, next: beginningOf(number + 1) };
    }
    return { entries, skipped, unreachable, next: null };
  }

  /**
   * Publishing twice is fine. Throws `BAD_INPUT` for what is no publication, `FORBIDDEN` for a wrong signature, `DELETED` for one
   * that was unpublished, `NO_SPACE` when its list is full, `UNAVAILABLE`, `TIMEOUT`.
   */
  async publish(entry: ListEntry, signal: AbortSignal): Promise<CatalogChange> {
    parsePublication(entry.value);
    const list = catalogListOf(entry.public_key);
    await verifyEntry(list, entry);
    const { records } = this.#parts;
    const change = (bounded: AbortSignal): Promise<StoredRecord> => records.append(list, entry, bounded);
    return this.#change(entryId(list, entry), entry.public_key, 'Publishing', signal, change);
  }

  /** By the entry's own signer only; twice is fine. Throws `FORBIDDEN`, `BAD_INPUT`, `UNAVAILABLE`, `TIMEOUT`. */
  async unpublish(entry: string, removal: ListRemoval, signal: AbortSignal): Promise<CatalogChange> {
    if (entry !== removal.entry)
      throw new AppError('BAD_INPUT', 'The removal is that of another entry than the address names.');
    const list = catalogListOf(removal.public_key);
    await verifyRemoval(list, removal);
    const { records } = this.#parts;
    const change = (bounded: AbortSignal): Promise<StoredRecord> => records.remove(list, removal, bounded);
    return this.#change(entry, removal.public_key, 'Unpublishing', signal, change);
  }

  async #change(
    id: string,
    publicKeyHex: string,
    what: string,
    signal: AbortSignal,
    change: (bounded: AbortSignal) => Promise<StoredRecord>,
  ): Promise<CatalogChange> {
    try {
      const { holders } = await withDeadline(
        this.#parts.clock,
        CATALOG_WRITE_TIMEOUT_MS,
        what,
        AbortSignal.any([signal, this.#parts.stopped]),
        change,
      );
      return { id, holders: [...holders] };
    } finally {
      // Whoever has changed it here sees it changed here; a failure may have reached some of the holders.
      this.#shards.forget(catalogShardOf(publicKeyHex));
    }
  }
}

function rowOf({ id, entry, publication }: CatalogItem): CatalogRow {
  const { public_key, value, signature } = entry;
  const { name, size, type, created } = publication;
  return { id, public_key, value, signature, name, size, type, created, link: publicationLink(publication) };
}

/** Two hex digits of the shard, and the id of the last row, or zeros, which are before all. */
function cursorOf(last: CatalogRow): string {
  return toCursor(catalogShardOf(last.public_key), last.id);
}

const FIRST = '0'.repeat(64);

function beginningOf(shard: number): string {
  return toCursor(shard, FIRST);
}

function toCursor(shard: number, id: string): string {
  return shard.toString(16).padStart(2, '0') + id;
}

function placeOf(cursor: string): Place {
  const shard = Number.parseInt(cursor.slice(0, 2), 16);
  if (shard >= CATALOG_SHARDS) throw new AppError('BAD_INPUT', 'The cursor is not one of this catalog.');
  const after = cursor.slice(2);
  return { shard, after: after === FIRST ? '' : after };
}
