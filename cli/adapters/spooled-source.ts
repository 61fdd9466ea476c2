/**
 * A stream as a source of blocks: it is kept on the disk, since an upload has to know its size and may read a block twice. On the
 * disk it is encrypted under a key that is only in memory, in a file that has no name any more.
 */
import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bytes } from '../../shared/bytes.ts';
import type { BlockSource } from '../../shared/engine/ports.ts';
import { AppError, throwIfAborted } from '../../shared/errors.ts';
import { BLOCK_BYTES, MAX_CHUNKS_PER_FILE } from '../../shared/limits.ts';
import { makeFolder } from './folders.ts';
import { withIoErrors } from './io-errors.ts';
import { mediaTypeOf } from './media-type.ts';

const CIPHER = 'aes-256-ctr';
const KEY_BYTES = 32;
const IV_BYTES = 16;

export class SpooledSource implements BlockSource, AsyncDisposable {
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  /** Nothing tells one run's stream from another's; the engine compares each block. */
  readonly fingerprint = 'stream';
  readonly #handle: FileHandle;
  readonly #key: Buffer;

  private constructor(name: string, sizeBytes: number, handle: FileHandle, key: Buffer) {
    this.name = name;
    this.type = mediaTypeOf(name);
    this.sizeBytes = sizeBytes;
    this.#handle = handle;
    this.#key = key;
  }

  /** Reads the stream to its end. `folder`: on a disk with room for it. Throws `TOO_LARGE`, `NO_SPACE`, `IO`, `ABORTED`. */
  static async read(
    stream: AsyncIterable<Uint8Array>,
    { name, folder }: { readonly name: string; readonly folder: string },
    signal: AbortSignal,
  ): Promise<SpooledSource> {
    await makeFolder(folder, 0o700);
    const path = join(folder, `.spool-${randomUUID()}`);
    const handle = await withIoErrors(`Writing ${path}`, open(path, 'wx+', 0o600));
    try {
      await withIoErrors(`Writing ${path}`, rm(path));
      const key = randomBytes(KEY_BYTES);
      const sizeBytes = await fill(handle, key, stream, signal);
      return new SpooledSource(name, sizeBytes, handle, key);
    } catch (cause) {
      await handle.close();
      throw AppError.from(cause, 'IO');
    }
  }

  async read(index: number, signal: AbortSignal): Promise<Bytes> {
    throwIfAborted(signal);
    const start = index * BLOCK_BYTES;
    const sealed = new Uint8Array(Math.min(BLOCK_BYTES, this.sizeBytes - start));
    for (let filled = 0; filled < sealed.length;) {
      const { bytesRead } = await withIoErrors(
        'Reading what came from stdin',
        this.#handle.read(sealed, filled, sealed.length - filled, start + filled),
      );
      if (bytesRead === 0) throw new AppError('IO', 'What came from stdin is cut off on the disk.');
      filled += bytesRead;
    }
    const plain = createDecipheriv(CIPHER, this.#key, ivOf(index)).update(sealed);
    return new Uint8Array(plain);
  }

  /** Nobody else can reach it. */
  assertUnchanged(): Promise<void> {
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#key.fill(0);
    await this.#handle.close();
  }
}

/** Gives the bytes written. */
async function fill(
  handle: FileHandle,
  key: Buffer,
  stream: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  const block = Buffer.alloc(BLOCK_BYTES);
  let index = 0;
  let filled = 0;
  const flush = async (): Promise<void> => {
    const sealed = createCipheriv(CIPHER, key, ivOf(index)).update(block.subarray(0, filled));
    for (let written = 0; written < sealed.length;) {
      const at = index * BLOCK_BYTES + written;
      const { bytesWritten } = await withIoErrors(
        'Keeping what comes from stdin',
        handle.write(sealed, written, sealed.length - written, at),
      );
      written += bytesWritten;
    }
    index++;
    filled = 0;
  };
  for await (const piece of stream) {
    throwIfAborted(signal);
    for (let taken = 0; taken < piece.length;) {
      if (index === MAX_CHUNKS_PER_FILE)
        throw new AppError('TOO_LARGE', `A file has at most ${MAX_CHUNKS_PER_FILE} blocks of 1 MiB.`);
      const part = piece.subarray(taken, taken + BLOCK_BYTES - filled);
      block.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled === BLOCK_BYTES) await flush();
    }
  }
  throwIfAborted(signal);
  const sizeBytes = index * BLOCK_BYTES + filled;
  if (filled > 0) await flush();
  return sizeBytes;
}

/** Blocks lie apart in the counter: the upper half is the block, the lower counts within it. */
function ivOf(index: number): Buffer {
  const iv = Buffer.alloc(IV_BYTES);
  iv.writeBigUInt64BE(BigInt(index), 0);
  return iv;
}
