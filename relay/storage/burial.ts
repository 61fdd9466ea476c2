/** The first step of a deletion: one durable transaction after which the chunks are gone, whatever happens to their files. */
import type { ChunkId } from '../../shared/ids.ts';
import type { Tombstone } from '../../shared/protocol/tombstone.ts';
import type { ChunkIndex } from './chunk-index.ts';
import type { IndexDatabase } from './index-database.ts';
import type { TombstoneSource, TombstoneTable } from './tombstone-table.ts';

export interface Deletion {
  readonly tombstone: Tombstone;
  readonly source: TombstoneSource;
  /** Unix time, ms: since when the tombstone counts as kept, for a chunk that is not held here. */
  readonly receivedAt: number;
}

/**
 * `deleted`: held until now. `kept`: not held, and it will be refused. `known`: deleted before. `full`: not held, and the
 * quota has no room to remember it.
 */
export type DeletionOutcome = 'deleted' | 'kept' | 'known' | 'full';

export interface BurialParts {
  readonly database: IndexDatabase;
  readonly index: ChunkIndex;
  readonly tombstones: TombstoneTable;
  /** Unix time, ms. */
  readonly now: number;
}

/** `found`: files that the index may not know yet. Throws `IO`, `NO_SPACE`; then nothing has changed. */
export function bury(
  parts: BurialParts,
  deletions: ReadonlyMap<ChunkId, Deletion>,
  found: ReadonlySet<ChunkId>,
): Map<ChunkId, DeletionOutcome> {
  const { database, index, tombstones } = parts;
  try {
    return database.durably(
      () =>
        new Map(Array.from(deletions, ([id, deletion]) => [id, buryOne(parts, id, deletion, found.has(id))])),
    );
  } catch (error) {
    index.reload();
    tombstones.reload();
    throw error;
  }
}

function buryOne(
  { index, tombstones, now }: BurialParts,
  id: ChunkId,
  { tombstone, source, receivedAt }: Deletion,
  hasFile: boolean,
): DeletionOutcome {
  if (tombstones.has(id)) return 'known';
  if (hasFile || index.find(id) !== null) {
    tombstones.insert(id, tombstone, now, null);
    index.remove(id);
    return 'deleted';
  }
  if (!tombstones.hasRoom(source)) return 'full';
  tombstones.insert(id, tombstone, receivedAt, source);
  return 'kept';
}
