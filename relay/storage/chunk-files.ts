/** Chunks as files: written under a temporary name, made durable, then renamed; a file under its own name is whole. */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { Bytes } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import { isId } from '../../shared/ids.ts';
import type { ChunkId } from '../../shared/ids.ts';
import { MAX_CHUNK_BYTES } from '../../shared/limits.ts';
import { ChunkHasher } from './chunk-hasher.ts';
import type { ChunkDigest } from './chunk-hasher.ts';
import { errnoOf, syncFolder } from './file-ops.ts';
import type { FileOps } from './file-ops.ts';
import { chunkPath } from './layout.ts';
import type { StorageLayout } from './layout.ts';

export interface OpenedFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
}

/** Faults of the disk, and not of a full one or of who sends. */
const DISK_FAULTS: ReadonlySet<string> = new Set([
  'EROFS',
  'EIO',
  'EACCES',
  'EPERM',
  'ENODEV',
  'ENXIO',
  'EUCLEAN',
]);
const PREFIX = /^[0-9a-f]{2}$/;

export class ChunkFiles {
  readonly #layout: StorageLayout;
  readonly #ops: FileOps;
  /** One flag for each of the 65,536 leaf folders: that it is there. */
  readonly #durableLeaves = new Uint8Array(0x10000);
  /** That its names are durable, except for those being written. */
  readonly #syncedLeaves = new Uint8Array(0x10000);
  /** A disk that fails may still answer that it can be written to: what the last write met counts. */
  #diskFault: Error | null = null;
  #asideBytes = 0;

  constructor(layout: StorageLayout, ops: FileOps) {
    this.#layout = layout;
    this.#ops = ops;
  }

  /** Makes the folders and removes what writes left behind that never ended. */
  async prepare(): Promise<void> {
    await this.#makeFolders();
    for (const name of await this.#ops.readdir(this.#layout.temp)) {
      await this.#ops.unlink(path.join(this.#layout.temp, name));
    }
    for (const name of await this.#ops.readdir(this.#layout.rotten))
      this.#asideBytes += await this.#sizeAside(name);
  }

  /** What the files that were set aside take of the disk. Whoever removes them by hand sees it at the next start. */
  get asideBytes(): number {
    return this.#asideBytes;
  }

  /** Bytes more that a chunk of this size takes: a new replica takes the place of a rotten one. */
  async roomFor(id: ChunkId, sizeBytes: number): Promise<number> {
    return this.#asideBytes === 0 ? sizeBytes : Math.max(0, sizeBytes - (await this.#sizeAside(id)));
  }

  async #sizeAside(name: string): Promise<number> {
    try {
      return (await this.#ops.stat(path.join(this.#layout.rotten, name))).size;
    } catch (cause) {
      if (isAbsence(cause)) return 0;
      throw cause;
    }
  }

  async #destroyAside(id: ChunkId): Promise<void> {
    const sizeBytes = this.#asideBytes === 0 ? 0 : await this.#sizeAside(id);
    if (!(await this.#unlink(path.join(this.#layout.rotten, id)))) return;
    this.#asideBytes -= sizeBytes;
    await syncFolder(this.#ops, this.#layout.rotten);
  }

  /**
   * Writes a chunk durably: temp file → fsync → rename → fsync folder. Throws `HASH_MISMATCH`, `TOO_LARGE`,
   * `BAD_INPUT`, what `source` throws, or the file system's error; in each case nothing is left under the chunk's name.
   * `place` calls its `move` when the chunk may take its name.
   */
  async write(
    id: ChunkId,
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    place: (digest: ChunkDigest, move: () => Promise<void>) => Promise<void>,
  ): Promise<ChunkDigest> {
    const temp = path.join(this.#layout.temp, `${id}.${randomBytes(8).toString('hex')}`);
    const handle = await this.#openTemp(temp);
    let digest: ChunkDigest;
    try {
      try {
        const hasher = new ChunkHasher();
        for await (const piece of source) {
          hasher.update(piece);
          await writeAll(handle, piece);
        }
        digest = hasher.digestFor(id);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await place(digest, () => this.#moveIntoPlace(temp, id));
      // The chunk is whole again: what rotted is of no use any more.
      if (this.#asideBytes > 0) await this.#destroyAside(id);
      this.#diskFault = null;
    } catch (error) {
      this.#noteFault(error);
      await this.#removeQuietly(temp);
      throw error;
    }
    return digest;
  }

  /** False when the folder that a chunk would be in is not there. */
  async hasFolderOf(id: ChunkId): Promise<boolean> {
    try {
      return (await this.#ops.stat(chunkPath(this.#layout, id).folder)).isDirectory();
    } catch (cause) {
      if (isAbsence(cause)) return false;
      throw cause;
    }
  }

  async stat(id: ChunkId): Promise<Stats | null> {
    try {
      const stats = await this.#ops.stat(chunkPath(this.#layout, id).file);
      return stats.isFile() ? stats : null;
    } catch (cause) {
      if (isAbsence(cause)) return null;
      throw cause;
    }
  }

  /** The opened file and its size, or null when there is none. The caller closes it. */
  open(id: ChunkId): Promise<OpenedFile | null> {
    return this.#openFile(chunkPath(this.#layout, id).file);
  }

  async #openFile(file: string): Promise<OpenedFile | null> {
    let handle: FileHandle;
    try {
      handle = await this.#ops.open(file, 'r');
    } catch (cause) {
      if (isAbsence(cause)) return null;
      throw cause;
    }
    try {
      return { handle, sizeBytes: (await handle.stat()).size };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Re-hashes the file: its digest, `rotten` when it is not the chunk of its name, or null when there is none. */
  verify(id: ChunkId): Promise<ChunkDigest | 'rotten' | null> {
    return this.#verify(id, chunkPath(this.#layout, id).file);
  }

  /** As `verify`, of the file that was set aside under this name. */
  verifyAside(id: ChunkId): Promise<ChunkDigest | 'rotten' | null> {
    return this.#verify(id, path.join(this.#layout.rotten, id));
  }

  async #verify(id: ChunkId, file: string): Promise<ChunkDigest | 'rotten' | null> {
    const opened = await this.#openFile(file);
    if (opened === null) return null;
    try {
      if (opened.sizeBytes > MAX_CHUNK_BYTES) return 'rotten';
      const bytes = await readWhole(opened.handle, opened.sizeBytes);
      const hasher = new ChunkHasher();
      hasher.update(bytes);
      return digestOrRotten(hasher, id);
    } finally {
      await opened.handle.close();
    }
  }

  /** Makes the name of a file durable that was found: whoever gave it that name may have died before doing so. */
  async settle(id: ChunkId): Promise<void> {
    const { folder } = chunkPath(this.#layout, id);
    await this.#ensureLeaf(id, folder);
    if (this.#syncedLeaves[leafOf(id)] !== 1) await this.#syncLeaf(id, folder);
  }

  /** Takes a file out of service without destroying it. */
  async setAside(id: ChunkId): Promise<void> {
    const { file } = chunkPath(this.#layout, id);
    try {
      const { size } = await this.#ops.stat(file);
      const replaced = await this.#sizeAside(id);
      await this.#withFolders(() => this.#ops.rename(file, path.join(this.#layout.rotten, id)));
      this.#asideBytes += size - replaced;
    } catch (cause) {
      if (!isAbsence(cause)) throw cause;
    }
  }

  /** Destroys a chunk's file for good, and what was set aside under its name. False when there was none. */
  async remove(id: ChunkId): Promise<boolean> {
    const { folder, file } = chunkPath(this.#layout, id);
    await this.#destroyAside(id);
    const removed = await this.#unlink(file);
    if (removed) await this.#syncLeaf(id, folder);
    return removed;
  }

  /** Whether no chunk ever had a folder here. */
  async areNone(): Promise<boolean> {
    return (await this.#prefixes(this.#layout.chunks)).length === 0;
  }

  /** The leaf folders that exist, as their four hex digits, in order. */
  async *leaves(): AsyncGenerator<string> {
    for (const high of await this.#prefixes(this.#layout.chunks)) {
      for (const low of await this.#prefixes(path.join(this.#layout.chunks, high))) yield high + low;
    }
  }

  /** Ids of the files in a leaf folder; foreign names are passed over. */
  async idsIn(leaf: string): Promise<ChunkId[]> {
    const folder = path.join(this.#layout.chunks, leaf.slice(0, 2), leaf.slice(2, 4));
    const names = await this.#ops.readdir(folder);
    return names.filter((name): name is ChunkId => isId(name) && name.startsWith(leaf));
  }

  /** Throws the file system's error when chunks cannot be written, also the last write's if the disk failed it. */
  async assertWritable(): Promise<void> {
    if (this.#diskFault !== null) throw this.#diskFault;
    for (const folder of [this.#layout.chunks, this.#layout.temp]) await this.#ops.assertWritable(folder);
  }

  freeBytes(): Promise<number> {
    return this.#ops.freeBytes(this.#layout.root);
  }

  async #prefixes(folder: string): Promise<string[]> {
    try {
      return (await this.#ops.readdir(folder)).filter((name) => PREFIX.test(name)).sort();
    } catch (cause) {
      if (isAbsence(cause)) return [];
      throw cause;
    }
  }

  async #moveIntoPlace(temp: string, id: ChunkId): Promise<void> {
    const { folder, file } = chunkPath(this.#layout, id);
    await this.#withFolders(async () => {
      await this.#ensureLeaf(id, folder);
      await this.#ops.rename(temp, file);
    });
    await this.#syncLeaf(id, folder);
  }

  async #openTemp(file: string): Promise<FileHandle> {
    try {
      return await this.#withFolders(() => this.#ops.open(file, 'wx', 0o600));
    } catch (error) {
      this.#noteFault(error);
      throw error;
    }
  }

  #noteFault(error: unknown): void {
    if (error instanceof Error && DISK_FAULTS.has(errnoOf(error) ?? '')) this.#diskFault = error;
  }

  /** Somebody may have removed folders since they were made: then they are made once more, and `operation` is tried again. */
  async #withFolders<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (cause) {
      if (errnoOf(cause) !== 'ENOENT') throw cause;
      await this.#makeFolders();
      return operation();
    }
  }

  async #makeFolders(): Promise<void> {
    for (const folder of [this.#layout.chunks, this.#layout.temp, this.#layout.rotten]) {
      await this.#ops.mkdir(folder, { recursive: true, mode: 0o700 });
    }
    await syncFolder(this.#ops, this.#layout.root);
    this.#durableLeaves.fill(0);
    this.#syncedLeaves.fill(0);
  }

  async #syncLeaf(id: ChunkId, folder: string): Promise<void> {
    const leaf = leafOf(id);
    this.#syncedLeaves[leaf] = 0;
    await syncFolder(this.#ops, folder);
    this.#syncedLeaves[leaf] = 1;
  }

  /** Makes the folder of a chunk and its way down from `chunks` durable, once a process: an earlier one may have died between. */
  async #ensureLeaf(id: ChunkId, folder: string): Promise<void> {
    const leaf = leafOf(id);
    if (this.#durableLeaves[leaf] === 1) return;
    await this.#ops.mkdir(folder, { recursive: true, mode: 0o700 });
    await syncFolder(this.#ops, path.dirname(folder));
    await syncFolder(this.#ops, this.#layout.chunks);
    this.#durableLeaves[leaf] = 1;
  }

  async #unlink(file: string): Promise<boolean> {
    try {
      await this.#ops.unlink(file);
      return true;
    } catch (cause) {
      if (isAbsence(cause)) return false;
      throw cause;
    }
  }

  async #removeQuietly(file: string): Promise<void> {
    try {
      await this.#ops.unlink(file);
    } catch (cause) {
      // Gone already, or the disk is failing: the next start removes what is left, and the first error is the one to tell.
      if (errnoOf(cause) === undefined) throw cause;
    }
  }
}

function leafOf(id: ChunkId): number {
  return Number.parseInt(id.slice(0, 4), 16);
}

function digestOrRotten(hasher: ChunkHasher, id: ChunkId): ChunkDigest | 'rotten' {
  try {
    return hasher.digestFor(id);
  } catch (error) {
    if (error instanceof AppError) return 'rotten';
    throw error;
  }
}

/** Exactly the first `sizeBytes`, or fewer when the file has shrunk since. */
export async function readWhole(handle: FileHandle, sizeBytes: number): Promise<Bytes> {
  const bytes = new Uint8Array(sizeBytes);
  let filled = 0;
  while (filled < sizeBytes) {
    const { bytesRead } = await handle.read(bytes, filled, sizeBytes - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let offset = 0; offset < piece.length;) {
    const { bytesWritten } = await handle.write(piece, offset, piece.length - offset);
    offset += bytesWritten;
  }
}

/** No such file; a folder or file in the way of the path counts as none. */
function isAbsence(cause: unknown): boolean {
  const errno = errnoOf(cause);
  return errno === 'ENOENT' || errno === 'ENOTDIR';
}
