/**
 * Brings the index in line with the files, which are the truth: at every start, in the background. Two passes:
 * names (no file is read: adopts unknown files as unverified, drops rows without a file, destroys files of deleted chunks),
 * then the hashes of the unverified.
 */
import { throwIfAborted } from '../../shared/errors.ts';
import type { ChunkId } from '../../shared/ids.ts';
import type { ChunkFiles } from './chunk-files.ts';
import type { ChunkIndex } from './chunk-index.ts';
import type { StorageLog } from './storage-log.ts';

/** Rows looked at between two chances for other work. */
const BATCH_ROWS = 200;

export interface ReconcileParts {
  readonly files: ChunkFiles;
  readonly index: ChunkIndex;
  readonly log: StorageLog;
  readonly wallTime: () => number;
  readonly isDeleted: (id: ChunkId) => boolean;
  /** Destroys the file of a deleted chunk. */
  readonly erase: (id: ChunkId) => Promise<unknown>;
  /** Hashes one file and settles its row. */
  readonly verify: (id: ChunkId) => Promise<unknown>;
}

/** After this the index counts every file, and no row is without one. */
export async function reconcileNames(parts: ReconcileParts, signal: AbortSignal): Promise<void> {
  let adopted = 0;
  let dropped = 0;
  let previous = '';
  for await (const leaf of parts.files.leaves()) {
    throwIfAborted(signal);
    dropped += await dropGap(parts, previous, leaf, signal);
    const names = new Set(await parts.files.idsIn(leaf));
    const rows = parts.index.idsWithPrefix(leaf);
    dropped += await dropAbsent(
      parts,
      rows.filter((id) => !names.has(id)),
    );
    for (const id of rows) names.delete(id);
    adopted += await adopt(parts, [...names]);
    // Past every id in this leaf.
    previous = `${leaf}g`;
  }
  dropped += await dropGap(parts, previous, null, signal);
  if (adopted + dropped > 0) {
    parts.log.info({ adopted, dropped }, 'The index was brought in line with the files');
  }
}

/** Hashes the files that `reconcileNames` adopted. */
export async function reconcileHashes(parts: ReconcileParts, signal: AbortSignal): Promise<void> {
  let after = '';
  for (;;) {
    const ids = parts.index.unverified(after, BATCH_ROWS);
    for (const id of ids) {
      throwIfAborted(signal);
      await parts.verify(id);
      after = id;
    }
    if (ids.length < BATCH_ROWS) return;
  }
}

/** Rows whose leaf folder does not exist. */
async function dropGap(
  parts: ReconcileParts,
  after: string,
  end: string | null,
  signal: AbortSignal,
): Promise<number> {
  let dropped = 0;
  let cursor = after;
  for (;;) {
    throwIfAborted(signal);
    const ids = parts.index.idsBetween(cursor, end, BATCH_ROWS);
    dropped += await dropAbsent(parts, ids);
    const last = ids.at(-1);
    if (last === undefined || ids.length < BATCH_ROWS) return dropped;
    cursor = last;
  }
}

/** A row is written after its file, so a row whose file is not there now has lost it. */
async function dropAbsent({ files, index }: ReconcileParts, ids: readonly ChunkId[]): Promise<number> {
  let dropped = 0;
  for (const id of ids) {
    if ((await files.stat(id)) !== null) continue;
    index.remove(id);
    dropped++;
  }
  return dropped;
}

/** A file without a row that has a tombstone is what a deletion left that was cut short. */
async function adopt(parts: ReconcileParts, ids: readonly ChunkId[]): Promise<number> {
  const { files, index, wallTime, isDeleted, erase } = parts;
  const found = [];
  for (const id of ids) {
    if (isDeleted(id)) {
      await erase(id);
      continue;
    }
    const stats = await files.stat(id);
    if (stats !== null) {
      found.push({ id, sizeBytes: stats.size, storedAt: Math.min(wallTime(), Math.floor(stats.mtimeMs)) });
    }
  }
  // Some may have been deleted in the meantime.
  const adopted = found.filter(({ id }) => !isDeleted(id));
  if (adopted.length > 0) index.adopt(adopted);
  return adopted.length;
}
