/**
 * Checks the storage folder of a relay that does not run: every file against its name, the index against the files, deletions against
 * their proofs. Without `repair` nothing is changed.
 */
import type { Stats } from 'node:fs';
import { chmod, stat } from 'node:fs/promises';
import { AppError } from '../../../shared/errors.ts';
import { ChunkFiles } from '../chunk-files.ts';
import { ChunkIndex } from '../chunk-index.ts';
import { errnoOf, nodeFileOps, storageError } from '../file-ops.ts';
import { SEED_BYTES } from '../identity-file.ts';
import { IndexDatabase, moveAside } from '../index-database.ts';
import { storageLayout } from '../layout.ts';
import type { StorageLayout } from '../layout.ts';
import { lockStorage } from '../storage-lock.ts';
import { checkAside, checkChunks, checkTemporary } from './check-files.ts';
import type { CheckParts } from './check-files.ts';
import { checkTombstones, checkTotals } from './check-index.ts';
import { Findings } from './findings.ts';
import type { Finding } from './findings.ts';
import { IndexView, openIndexToCheck } from './index-view.ts';

export interface FsckOptions {
  readonly dir: string;
  readonly repair: boolean;
  /** Unix time, ms. */
  readonly now: number;
  /** Called for each file that has been hashed, with its size in bytes. */
  readonly onChunk: (sizeBytes: number) => void;
}

export interface FsckReport {
  /** Whole chunks, and their bytes. */
  readonly chunks: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
  /** Whether nothing is wrong, any more. */
  readonly sound: boolean;
}

/**
 * Throws `BAD_INPUT` for what is no storage folder, `CONFLICT` while a relay uses it, `UNSUPPORTED` for a newer version's, `IO`,
 * `NO_SPACE`, `ABORTED`.
 */
export async function fsck(options: FsckOptions, signal: AbortSignal): Promise<FsckReport> {
  const layout = storageLayout(options.dir);
  try {
    await assertStorage(layout);
    using held = new DisposableStack();
    held.use(lockStorage(layout.lock));
    const findings = new Findings(options.repair);
    await checkIdentity(layout, findings);
    const whole = await checkStorage(layout, findings, options, signal);
    const list = findings.list();
    return { ...whole, findings: list, sound: list.every(({ state }) => state !== 'open') };
  } catch (cause) {
    throw storageError(cause);
  }
}

/** A mistyped path must not become a storage folder. */
async function assertStorage({ root, chunks, index, identity }: StorageLayout): Promise<void> {
  for (const part of [chunks, index, identity]) if (await exists(part)) return;
  throw new AppError('BAD_INPUT', `${root} is not the storage folder of a relay.`);
}

async function checkIdentity({ identity }: StorageLayout, findings: Findings): Promise<void> {
  const stats = await statOf(identity);
  if (stats === null) await findings.add('identity-missing', null);
  else if (stats.size !== SEED_BYTES) await findings.add('identity-damaged', null);
  else if ((stats.mode & 0o077) !== 0)
    await findings.add('identity-exposed', null, () => chmod(identity, 0o600));
}

async function checkStorage(
  layout: StorageLayout,
  findings: Findings,
  { repair, now, onChunk }: FsckOptions,
  signal: AbortSignal,
): Promise<{ chunks: number; bytes: number }> {
  const files = new ChunkFiles(layout, nodeFileOps);
  using read = openIndexToCheck(layout.index);
  if (read.state === 'damaged') await findings.add('index-damaged', null, () => moveAside(layout.index));
  else if (read.state === 'missing' && !(await files.areNone()))
    await findings.add('index-missing', null, () => undefined);
  const common = { layout, files, ops: nodeFileOps, findings, now, onChunk };
  if (!repair) return await checkAll({ ...common, view: read.view, index: null }, signal);
  read[Symbol.dispose]();
  using database = new IndexDatabase(layout.index);
  const view = new IndexView((sql, ...parameters) => database.query(sql).all(...parameters));
  return await checkAll({ ...common, view, index: { chunks: new ChunkIndex(database), database } }, signal);
}

async function checkAll(parts: CheckParts, signal: AbortSignal): Promise<{ chunks: number; bytes: number }> {
  // First: whether a chunk is deleted is asked of the tombstones that are left.
  await checkTombstones(parts, signal);
  const inPlace = await checkChunks(parts, signal);
  const putBack = await checkAside(parts, signal);
  await checkTemporary(parts);
  await checkTotals(parts);
  return { chunks: inPlace.chunks + putBack.chunks, bytes: inPlace.bytes + putBack.bytes };
}

async function exists(file: string): Promise<boolean> {
  return (await statOf(file)) !== null;
}

async function statOf(file: string): Promise<Stats | null> {
  try {
    return await stat(file);
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(cause) ?? '')) return null;
    throw cause;
  }
}
