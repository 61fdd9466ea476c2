/** The catalog's shards as their holders have them, read once for all who ask within a few seconds. */
import { AppError } from '../../../shared/errors.ts';
import { CATALOG_CACHE_MS, CATALOG_READ_TIMEOUT_MS } from '../../../shared/limits.ts';
import { catalogList, catalogShardOf, foldName, readPublication } from '../../../shared/protocol/catalog.ts';
import type { Publication } from '../../../shared/protocol/catalog.ts';
import { entryId } from '../../../shared/protocol/records.ts';
import type { ListEntry } from '../../../shared/protocol/records.ts';
import { withDeadline } from '../deadline.ts';
import type { Records } from '../dht/records.ts';
import type { Clock } from '../ports.ts';

export interface CatalogItem {
  readonly id: string;
  readonly entry: ListEntry;
  readonly publication: Publication;
  /** The name as searches are compared with it. */
  readonly folded: string;
}

export interface CatalogShard {
  /** By id; one for each signer. */
  readonly items: readonly CatalogItem[];
  readonly skipped: number;
}

export interface CatalogShardsParts {
  readonly records: Pick<Records, 'entries'>;
  readonly clock: Clock;
  /** Ends every read and forgets everything. */
  readonly stopped: AbortSignal;
}

export class CatalogShards {
  readonly #parts: CatalogShardsParts;
  /** At most one per shard, each for `CATALOG_CACHE_MS` from the time that its reading ended. */
  readonly #cached = new Map<number, Promise<CatalogShard | null>>();

  constructor(parts: CatalogShardsParts) {
    this.#parts = parts;
  }

  /** Null when no holder could be reached in time. One reader's leaving does not end the others' reading. */
  read(shard: number): Promise<CatalogShard | null> {
    const cached = this.#cached.get(shard);
    if (cached !== undefined) return cached;
    const reading = this.#fetch(shard);
    this.#cached.set(shard, reading);
    const forget = (): void => {
      if (this.#cached.get(shard) === reading) this.#cached.delete(shard);
    };
    void reading
      .then(() => this.#parts.clock.sleep(CATALOG_CACHE_MS, this.#parts.stopped))
      .then(forget, forget);
    return reading;
  }

  /** Whoever asks from now on gets what the holders have from now on. */
  forget(shard: number): void {
    this.#cached.delete(shard);
  }

  async #fetch(shard: number): Promise<CatalogShard | null> {
    const { records, clock, stopped } = this.#parts;
    const list = catalogList(shard);
    try {
      const entries = await withDeadline(
        clock,
        CATALOG_READ_TIMEOUT_MS,
        'Reading the catalog',
        stopped,
        (signal) => records.entries(list, signal),
      );
      return shardOf(shard, list, entries);
    } catch (cause) {
      const { code } = AppError.from(cause);
      if (code === 'UNAVAILABLE' || code === 'TIMEOUT') return null;
      throw cause;
    }
  }
}

/** Whoever has signed several entries is shown with one, always the same: a publication has a signer of its own. */
function shardOf(shard: number, list: string, entries: readonly ListEntry[]): CatalogShard {
  const bySigner = new Map<string, CatalogItem>();
  for (const entry of entries) {
    if (catalogShardOf(entry.public_key) !== shard) continue;
    const publication = readPublication(entry);
    if (publication === null) continue;
    const id = entryId(list, entry);
    const other = bySigner.get(entry.public_key);
    if (other !== undefined && other.id <= id) continue;
    bySigner.set(entry.public_key, { id, entry, publication, folded: foldName(publication.name) });
  }
  const items = [...bySigner.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  return { items, skipped: entries.length - items.length };
}
