import type { Bytes } from '../../../shared/bytes.ts';
import type { BlockSource } from '../../../shared/engine/ports.ts';
import { AppError, throwIfAborted } from '../../../shared/errors.ts';
import { BLOCK_BYTES, MAX_MEDIA_TYPE_CHARS } from '../../../shared/limits.ts';
import { toFilename } from '../../../shared/format/manifest.ts';
import type { PickedFile } from '../contract.ts';

/** RFC 6838 §4.2. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/;

/** What a later visit compares to know that it is given the same file. */
export function fingerprintOf(file: File): string {
  return `${file.size}-${file.lastModified}`;
}

/** A picked or dropped file as the engine reads it: one slice a block, never the whole. */
export function createFileSource({ file, path, handle }: PickedFile): BlockSource {
  const fingerprint = fingerprintOf(file);
  return {
    name: toFilename(path),
    type: mediaTypeOf(file),
    sizeBytes: file.size,
    fingerprint,

    async read(index, signal) {
      throwIfAborted(signal);
      const start = index * BLOCK_BYTES;
      const block = await readSlice(file.slice(start, Math.min(start + BLOCK_BYTES, file.size)));
      throwIfAborted(signal);
      return block;
    },

    async assertUnchanged() {
      // A File is a snapshot: browsers refuse to read it once the file on the disk has another time or size.
      await readSlice(file.slice(0, 1));
      if (handle === undefined) return;
      if (fingerprintOf(await currentFile(handle)) !== fingerprint) throw fileChanged();
    },
  };
}

function mediaTypeOf(file: File): string {
  const type = (file.type.split(';')[0] ?? '').trim().toLowerCase();
  return type.length <= MAX_MEDIA_TYPE_CHARS && MEDIA_TYPE.test(type) ? type : 'application/octet-stream';
}

/**
 * Not by `arrayBuffer()`: what the browser keeps behind that buffer counts no more once the buffer has gone to a worker,
 * so nothing makes it collect, and a large file piles up (measured: 250 MiB more for 256 MiB read).
 */
async function readSlice(slice: Blob): Promise<Bytes> {
  const block = new Uint8Array(slice.size);
  let filledBytes = 0;
  try {
    const reader = slice.stream().getReader();
    for (;;) {
      const part = await reader.read();
      if (part.done) break;
      block.set(part.value, filledBytes);
      filledBytes += part.value.length;
    }
  } catch (cause) {
    throw readError(cause);
  }
  if (filledBytes < block.length) throw fileChanged();
  return block;
}

async function currentFile(handle: FileSystemFileHandle): Promise<File> {
  try {
    return await handle.getFile();
  } catch (cause) {
    throw readError(cause);
  }
}

function readError(cause: unknown): AppError {
  const name = cause instanceof Error ? cause.name : '';
  if (name === 'NotReadableError') return fileChanged(cause);
  if (name === 'NotFoundError') {
    return new AppError('FILE_CHANGED', 'The file was moved or deleted: pick it again.', { cause });
  }
  return new AppError('IO', 'The browser could not read this file.', { cause });
}

function fileChanged(cause?: unknown): AppError {
  return new AppError('FILE_CHANGED', 'The file was changed since it was picked: pick it again.', { cause });
}
