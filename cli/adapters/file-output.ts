/** Where a reconstructed file goes: a new file that appears whole or not at all, a device, or stdout. */
import { open, realpath, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { AppError, abortError, throwIfAborted } from '../../shared/errors.ts';
import { formatBytes } from '../text.ts';
import { AtomicFile, statOrNull } from './atomic-file.ts';
import { makeFolder } from './folders.ts';
import { errnoOf, ioError, withIoErrors } from './io-errors.ts';

export interface FileOutput extends AsyncDisposable {
  /** Resolves when the bytes are written and are the caller's again. Throws `IO`, `NO_SPACE`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the file appear. Disposing without it leaves nothing behind. */
  commit(): Promise<void>;
}

/**
 * Throws `CONFLICT` when the file exists and `force` is false, `NO_SPACE` when `sizeBytes` cannot fit, `IO`.
 * Missing folders on the way are made.
 */
export async function openFileOutput(
  path: string,
  options: { readonly force: boolean; readonly sizeBytes: number },
): Promise<FileOutput> {
  const existing = await withIoErrors(`Writing ${path}`, statOrNull(path));
  // A device or pipe is written to; replacing it by a file would be a surprise.
  if (existing !== null && !existing.isFile() && !existing.isDirectory()) return openSpecial(path);
  // A link stays a link: what it points to is replaced.
  const target = existing === null ? path : await withIoErrors(`Writing ${path}`, realpath(path));
  await makeFolder(dirname(target));
  const file = await AtomicFile.create(target, { replace: options.force, mode: 0o666 });
  try {
    await assertFits(target, options.sizeBytes);
    return file;
  } catch (cause) {
    await file[Symbol.asyncDispose]();
    throw cause;
  }
}

/** A stream that somebody else owns, such as stdout. Its `write` throws `ABORTED` too: a reader that has stopped must hold nobody. */
export function streamOutput(stream: Writable, signal: AbortSignal): FileOutput {
  return {
    // The caller may reuse the bytes afterwards, so this waits until they have left.
    write: (bytes) =>
      new Promise((resolve, reject) => {
        throwIfAborted(signal);
        const interrupt = (): void => reject(abortError(signal));
        signal.addEventListener('abort', interrupt, { once: true });
        stream.write(bytes, (cause) => {
          signal.removeEventListener('abort', interrupt);
          if (cause instanceof Error) reject(ioError(cause, 'Writing the output'));
          else resolve();
        });
      }),
    commit: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Whether the error tells of a reader that has left (`lanvault … | head`). */
export function isReaderGone(error: AppError): boolean {
  return error.code === 'IO' && errnoOf(error.cause) === 'EPIPE';
}

async function openSpecial(path: string): Promise<FileOutput> {
  const doing = `Writing ${path}`;
  const handle = await withIoErrors(doing, open(path, 'w'));
  return {
    write: async (bytes) => {
      for (let written = 0; written < bytes.length;) {
        written += (await withIoErrors(doing, handle.write(bytes, written))).bytesWritten;
      }
    },
    commit: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

async function assertFits(path: string, sizeBytes: number): Promise<void> {
  const { bavail, bsize } = await withIoErrors(`Writing ${path}`, statfs(dirname(path)));
  const free = bavail * bsize;
  if (sizeBytes <= free) return;
  throw new AppError(
    'NO_SPACE',
    `${path} needs ${formatBytes(sizeBytes)}, and the disk has ${formatBytes(free)} left. Free some space or choose another disk.`,
  );
}
