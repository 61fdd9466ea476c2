/** A local file as a source of blocks. One block is in memory at a time. */
import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Bytes } from '../../shared/bytes.ts';
import type { BlockSource } from '../../shared/engine/ports.ts';
import { AppError, throwIfAborted } from '../../shared/errors.ts';
import { BLOCK_BYTES } from '../../shared/limits.ts';
import { ioError, withIoErrors } from './io-errors.ts';
import { mediaTypeOf } from './media-type.ts';

export class FileSource implements BlockSource, AsyncDisposable {
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly fingerprint: string;
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, name: string, handle: FileHandle, stats: BigIntStats) {
    this.name = name;
    this.type = mediaTypeOf(name);
    this.sizeBytes = Number(stats.size);
    this.fingerprint = fingerprintOf(stats);
    this.#path = path;
    this.#handle = handle;
  }

  /** `name` is what the manifest will say. Throws `BAD_INPUT` for folders, pipes and devices, and `IO`. */
  static async open(path: string, name: string): Promise<FileSource> {
    // Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
    const handle = await withIoErrors(
      `Reading ${path}`,
      open(path, constants.O_RDONLY | constants.O_NONBLOCK),
    );
    try {
      const stats = await handle.stat({ bigint: true });
      if (stats.isDirectory()) {
        throw new AppError('BAD_INPUT', `${path} is a folder. Add -r to upload every file in it.`);
      }
      if (!stats.isFile()) throw new AppError('BAD_INPUT', `${path} is not a regular file.`);
      return new FileSource(path, name, handle, stats);
    } catch (cause) {
      await handle.close();
      throw ioError(cause, `Reading ${path}`);
    }
  }

  async read(index: number, signal: AbortSignal): Promise<Bytes> {
    throwIfAborted(signal);
    const start = index * BLOCK_BYTES;
    const block = new Uint8Array(Math.min(BLOCK_BYTES, this.sizeBytes - start));
    let filled = 0;
    while (filled < block.length) {
      const { bytesRead } = await withIoErrors(
        `Reading ${this.#path}`,
        this.#handle.read(block, filled, block.length - filled, start + filled),
      );
      if (bytesRead === 0) throw this.#changed();
      filled += bytesRead;
    }
    await this.assertUnchanged();
    return block;
  }

  async assertUnchanged(): Promise<void> {
    const stats = await withIoErrors(`Reading ${this.#path}`, this.#handle.stat({ bigint: true }));
    if (fingerprintOf(stats) !== this.fingerprint) throw this.#changed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  #changed(): AppError {
    return new AppError(
      'FILE_CHANGED',
      `${this.#path} changed while it was read. Run the command again once nothing writes to it.`,
    );
  }
}

function fingerprintOf(stats: BigIntStats): string {
  return `${stats.size}-${stats.mtimeNs}-${stats.ino}`;
}
