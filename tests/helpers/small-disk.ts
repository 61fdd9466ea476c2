/**
 * A small disk of a test's own, which can be full or turn read-only under whoever writes on it: ext4 in a file. Needs root; gone when
 * disposed, or with the runner.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, rename, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const PIECE = Buffer.alloc(64 * 1024);

const mounted = new Set<SmallDisk>();
process.on('exit', () => {
  for (const disk of mounted) disk.removeNow();
});

export class SmallDisk implements AsyncDisposable {
  /** Where it is mounted. */
  readonly dir: string;
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
    this.dir = path.join(folder, 'disk');
  }

  static async create(sizeBytes: number): Promise<SmallDisk> {
    const disk = new SmallDisk(await mkdtemp(path.join(tmpdir(), 'lanvault-disk-')));
    mounted.add(disk);
    try {
      await mkdir(disk.dir);
      const image = await open(disk.#image, 'w');
      await image.close();
      await truncate(disk.#image, sizeBytes);
      execFileSync('mkfs.ext4', ['-q', '-m', '0', disk.#image]);
      disk.#mount();
      return disk;
    } catch (cause) {
      await disk[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** As after a restart of the host: writable again. Nobody may have a file open on it. */
  async remount(): Promise<void> {
    execFileSync('umount', [this.dir]);
    // Another mount namespace, made meanwhile, may hold on to the file system as it is: that of another image is a new one.
    const found = `${this.#image}.found`;
    await copyFile(this.#image, found);
    await rename(found, this.#image);
    this.#mount();
  }

  /** As a kernel does that finds its disk damaged: every write fails from now on, also to open files. */
  turnReadOnly(): void {
    execFileSync('mount', ['-o', 'remount,abort', this.dir]);
  }

  /** Leaves no byte free. */
  async fill(): Promise<void> {
    const file = await open(this.#filler, 'w');
    try {
      for (let sizeBytes = PIECE.length; sizeBytes >= 1; sizeBytes = Math.floor(sizeBytes / 2)) {
        while (await fits(() => file.write(PIECE, 0, sizeBytes))) await file.sync();
      }
    } finally {
      await file.close();
    }
  }

  /** Undoes `fill`. */
  async clear(): Promise<void> {
    await rm(this.#filler);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.removeNow();
    await rm(this.#folder, { recursive: true, force: true });
  }

  removeNow(): void {
    if (!mounted.delete(this)) return;
    try {
      execFileSync('umount', ['-l', this.dir], { stdio: 'ignore' });
    } catch {
      // Not mounted at this moment.
    }
    rmSync(this.#image, { force: true });
  }

  #mount(): void {
    execFileSync('mount', ['-o', 'loop', this.#image, this.dir]);
  }

  get #image(): string {
    return path.join(this.#folder, 'image');
  }

  get #filler(): string {
    return path.join(this.dir, 'filler');
  }
}

async function fits(write: () => Promise<{ bytesWritten: number }>): Promise<boolean> {
  try {
    return (await write()).bytesWritten > 0;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC') return false;
    throw cause;
  }
}
