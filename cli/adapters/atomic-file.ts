/** Files that appear whole or not at all: temp file beside the target → fsync → rename or link → fsync of the folder. */
import { randomUUID } from 'node:crypto';
import { link, open, rename, rm, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { errnoOf, ioError } from './io-errors.ts';

export interface AtomicFileOptions {
  /** Permission bits of the file; 0600 unless given. */
  readonly mode?: number;
  /** Whether an existing file gives way; otherwise `commit` throws `CONFLICT` and leaves it untouched. */
  readonly replace: boolean;
  /** Before that `CONFLICT`: called while the name is taken, to move away whatever has it. */
  readonly makeRoom?: () => Promise<void>;
}

/** Others may take the name again as soon as it is free; each of them does so once. */
const MAX_PUBLISH_TRIES = 100;

/** A file being written under a temporary name. Disposing of it before `commit` leaves no trace. */
export class AtomicFile implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #temporary: string;
  readonly #target: string;
  readonly #options: AtomicFileOptions;
  #open = true;

  private constructor(handle: FileHandle, temporary: string, target: string, options: AtomicFileOptions) {
    this.#handle = handle;
    this.#temporary = temporary;
    this.#target = target;
    this.#options = options;
  }

  /** The folder of `target` must exist. Throws `CONFLICT`, `IO`, `NO_SPACE`. */
  static async create(target: string, options: AtomicFileOptions): Promise<AtomicFile> {
    try {
      const existing = await statOrNull(target);
      if (existing?.isDirectory() === true) throw new AppError('CONFLICT', `${target} is a folder.`);
      if (existing !== null && !options.replace && options.makeRoom === undefined) throw alreadyThere(target);
      // The name stays short, since the target's may already be as long as the file system takes.
      const temporary = join(dirname(target), `.lanvault-${randomUUID()}.tmp`);
      const handle = await open(temporary, 'wx', options.mode ?? 0o600);
      return new AtomicFile(handle, temporary, target, options);
    } catch (cause) {
      throw ioError(cause, `Writing ${target}`);
    }
  }

  /** Throws `IO`, `NO_SPACE`. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      let written = 0;
      while (written < bytes.length) {
        const { bytesWritten } = await this.#handle.write(bytes, written);
        written += bytesWritten;
      }
    } catch (cause) {
      throw ioError(cause, `Writing ${this.#target}`);
    }
  }

  /** Makes the file durable under its name. Throws `CONFLICT`, `IO`, `NO_SPACE`. */
  async commit(): Promise<void> {
    try {
      await this.#handle.sync();
      await this.#close();
      if (this.#options.replace) await rename(this.#temporary, this.#target);
      else await this.#publish();
      await syncFolder(dirname(this.#target));
    } catch (cause) {
      throw ioError(cause, `Writing ${this.#target}`);
    }
  }

  async #publish(): Promise<void> {
    const { makeRoom } = this.#options;
    for (let tries = 1; ; tries++) {
      try {
        await publishNew(this.#temporary, this.#target);
        return;
      } catch (cause) {
        const taken = cause instanceof AppError && cause.code === 'CONFLICT';
        if (makeRoom === undefined || !taken || tries >= MAX_PUBLISH_TRIES) throw cause;
        await makeRoom();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await rm(this.#temporary, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#handle.close();
  }
}

/** Writes a small file whole. Throws `CONFLICT`, `IO`, `NO_SPACE`. */
export async function writeFileAtomic(
  target: string,
  content: Uint8Array,
  options: AtomicFileOptions,
): Promise<void> {
  await using file = await AtomicFile.create(target, options);
  await file.write(content);
  await file.commit();
}

/** Whether a failed `link` tells of a file system that has no hard links. */
export function isWithoutLinks(cause: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errnoOf(cause) ?? '');
}

/** `link` fails where a name is taken, unlike `rename`; file systems without hard links get the checked rename. */
async function publishNew(temporary: string, target: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') throw alreadyThere(target);
    if (!isWithoutLinks(cause)) throw cause;
    if ((await statOrNull(target)) !== null) throw alreadyThere(target);
    await rename(temporary, target);
  }
}

/** A rename is durable once its folder is. Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw cause;
  }
}

function alreadyThere(target: string): AppError {
  return new AppError(
    'CONFLICT',
    `${target} already exists. Choose another name, or add --force to replace it.`,
  );
}
