/** Files against their names and the index. */
import path from 'node:path';
import { throwIfAborted } from '../../../shared/errors.ts';
import { isId } from '../../../shared/ids.ts';
import type { ChunkId } from '../../../shared/ids.ts';
import type { ChunkFiles } from '../chunk-files.ts';
import type { ChunkDigest } from '../chunk-hasher.ts';
import type { ChunkIndex } from '../chunk-index.ts';
import { errnoOf } from '../file-ops.ts';
import type { FileOps } from '../file-ops.ts';
import type { IndexDatabase } from '../index-database.ts';
import { chunkPath } from '../layout.ts';
import type { StorageLayout } from '../layout.ts';
import type { Findings } from './findings.ts';
import type { IndexView, ListedChunk } from './index-view.ts';

export interface CheckParts {
  readonly layout: StorageLayout;
  readonly files: ChunkFiles;
  readonly ops: FileOps;
  readonly view: IndexView;
  readonly findings: Findings;
  /** To mend it; null: only check. */
  readonly index: { readonly chunks: ChunkIndex; readonly database: IndexDatabase } | null;
  /** Unix time, ms. */
  readonly now: number;
  readonly onChunk: (sizeBytes: number) => void;
}

interface Whole {
  readonly chunks: number;
  readonly bytes: number;
}

/** Every file in the chunks' folders, and every row of the index. */
export async function checkChunks(parts: CheckParts, signal: AbortSignal): Promise<Whole> {
  const { files, view, findings } = parts;
  const seen = new Set<string>();
  let [chunks, bytes] = [0, 0];
  for await (const leaf of files.leaves()) {
    seen.add(leaf);
    await checkForeign(parts, leaf);
    const listed = new Map(view.chunksIn(leaf).map((row) => [row.id, row]));
    for (const id of await files.idsIn(leaf)) {
      throwIfAborted(signal);
      const digest = await checkFile(parts, id, listed.get(id));
      listed.delete(id);
      if (digest === null) continue;
      chunks++;
      bytes += digest.sizeBytes;
    }
    for (const id of listed.keys())
      await findings.add('chunk-missing', id, () => parts.index?.chunks.remove(id));
  }
  for (const id of view.ids()) {
    throwIfAborted(signal);
    if (seen.has(id.slice(0, 4))) continue;
    await findings.add('chunk-missing', id, () => parts.index?.chunks.remove(id));
  }
  return { chunks, bytes };
}

/** The digest of a chunk that is whole and belongs here, else null. */
async function checkFile(
  parts: CheckParts,
  id: ChunkId,
  row: ListedChunk | undefined,
): Promise<ChunkDigest | null> {
  const { files, view, findings, index } = parts;
  const unlist = (): void => {
    if (row !== undefined) index?.chunks.remove(id);
  };
  if (view.isDeleted(id)) {
    await findings.add('chunk-deleted', id, async () => {
      await files.remove(id);
      unlist();
    });
    return null;
  }
  const digest = await hashed(parts, id);
  if (digest === null) return null;
  if (digest === 'rotten') {
    await findings.add('chunk-rotten', id, async () => {
      await files.setAside(id);
      unlist();
    });
    return null;
  }
  parts.onChunk(digest.sizeBytes);
  if (row === undefined || row.state === 'unverified')
    await findings.add('chunk-unlisted', id, () => list(parts, digest));
  else if (!describes(row, digest)) await findings.add('chunk-mislisted', id, () => list(parts, digest));
  return digest;
}

async function hashed({ files, findings }: CheckParts, id: ChunkId): Promise<ChunkDigest | 'rotten' | null> {
  try {
    return await files.verify(id);
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    await findings.add('chunk-unreadable', id);
    return null;
  }
}

function describes(row: ListedChunk, digest: ChunkDigest): boolean {
  return (
    row.size === digest.sizeBytes && row.verifier === digest.verifier && row.body_hash === digest.bodyHash
  );
}

async function list({ files, index, now }: CheckParts, digest: ChunkDigest): Promise<void> {
  await files.settle(digest.id);
  const stats = await files.stat(digest.id);
  index?.chunks.put(digest, Math.min(now, Math.floor(stats?.mtimeMs ?? now)));
}

async function checkForeign({ layout, ops, files, findings }: CheckParts, leaf: string): Promise<void> {
  const folder = path.join(layout.chunks, leaf.slice(0, 2), leaf.slice(2, 4));
  const ids = new Set<string>(await files.idsIn(leaf));
  for (const name of await ops.readdir(folder))
    if (!ids.has(name)) await findings.add('foreign-file', path.join(folder, name));
}

/** What was set aside: the disk, or the memory, may have been wrong and not the file. */
export async function checkAside(parts: CheckParts, signal: AbortSignal): Promise<Whole> {
  const { layout, ops, files, view, findings } = parts;
  let [chunks, bytes] = [0, 0];
  for (const name of await namesIn(parts, layout.rotten)) {
    throwIfAborted(signal);
    if (!isId(name)) continue;
    const id = name as ChunkId;
    if (view.isDeleted(id)) {
      await findings.add('chunk-deleted', id, () => files.remove(id));
      continue;
    }
    const digest = (await files.stat(id)) === null ? await files.verifyAside(id) : 'rotten';
    if (digest === 'rotten' || digest === null) {
      await findings.add('aside-rotten', id);
      continue;
    }
    await findings.add('aside-whole', id, async () => {
      await ops.mkdir(chunkPath(layout, id).folder, { recursive: true, mode: 0o700 });
      await ops.rename(path.join(layout.rotten, id), chunkPath(layout, id).file);
      await list(parts, digest);
      chunks++;
      bytes += digest.sizeBytes;
    });
  }
  return { chunks, bytes };
}

/** What writes left that never ended, also beside the folders: the identity and the operator's files are written in the same way. */
export async function checkTemporary(parts: CheckParts): Promise<void> {
  const { layout, ops, findings } = parts;
  const inTemp = (await namesIn(parts, layout.temp)).map((name) => path.join(layout.temp, name));
  const beside = (await namesIn(parts, layout.root)).filter((name) =>
    /^(identity\.key|operator\.(token|url))\.[0-9a-f]{16}\.tmp$/.test(name),
  );
  for (const file of [...inTemp, ...beside.map((name) => path.join(layout.root, name))])
    await findings.add('temp-file', file, () => ops.unlink(file));
}

async function namesIn({ ops }: CheckParts, folder: string): Promise<string[]> {
  try {
    return await ops.readdir(folder);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return [];
    throw cause;
  }
}
