/** One journal: an append-only file whose every append is on the disk before it counts. */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Journal, JournalEntry, JournalHeader } from '../../shared/engine/ports.ts';
import { AppError } from '../../shared/errors.ts';
import { ioError } from './io-errors.ts';
import { formatEntry, parseEntry, parseHeader } from './journal-format.ts';
import type { JournalOrigin } from './journal-format.ts';

/** A header is a few hundred bytes and a path; one that does not end within this is none. */
const MAX_HEADER_BYTES = 64 * 1024;

export class JournalFile implements Journal {
  readonly header: JournalHeader;
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #lock: Disposable;
  #queue: string[] = [];
  #written: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(path: string, header: JournalHeader, handle: FileHandle, lock: Disposable) {
    this.#path = path;
    this.header = header;
    this.#handle = handle;
    this.#lock = lock;
  }

  /** Takes over `lock`, and drops a torn last line for good. Throws `CORRUPT`, `IO`. */
  static async open(path: string, lock: Disposable): Promise<JournalFile> {
    try {
      const { header } = await readHeader(path);
      await dropTornLine(path);
      return new JournalFile(path, header, await open(path, 'a', 0o600), lock);
    } catch (cause) {
      lock[Symbol.dispose]();
      throw ioError(cause, `Opening ${path}`);
    }
  }

  async *entries(): AsyncGenerator<JournalEntry> {
    yield* readEntries(this.#path);
  }

  /** Appends that come while one is being written share the next write. */
  append(entries: readonly JournalEntry[]): Promise<void> {
    this.#queue.push(...entries.map(formatEntry));
    this.#written = this.#written.then(() => this.#writeQueue());
    return this.#written;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // A failed append has told its caller already.
    await Promise.allSettled([this.#written]);
    await this.#handle.close();
    this.#lock[Symbol.dispose]();
  }

  async #writeQueue(): Promise<void> {
    if (this.#queue.length === 0) return;
    const text = this.#queue.join('');
    this.#queue = [];
    try {
      await this.#handle.appendFile(text);
      await this.#handle.datasync();
    } catch (cause) {
      throw ioError(cause, `Writing ${this.#path}`);
    }
  }
}

/** Throws `CORRUPT`, `IO`. */
export async function readHeader(path: string): Promise<{ header: JournalHeader; origin: JournalOrigin }> {
  let text: string;
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(MAX_HEADER_BYTES), position: 0 });
    text = buffer.toString('utf8', 0, bytesRead);
  } catch (cause) {
    throw ioError(cause, `Reading ${path}`);
  }
  const end = text.indexOf('\n');
  if (end === -1) throw new AppError('CORRUPT', `${path} has no header.`);
  return parseHeader(text.slice(0, end));
}

/** All whole entries, in order; a last line without its end is left out. Throws `CORRUPT`, `IO`. */
export async function* readEntries(path: string): AsyncGenerator<JournalEntry> {
  try {
    await using file = await open(path, 'r');
    const whole = await wholeBytes(file);
    if (whole === 0) return;
    const stream = file.createReadStream({ start: 0, end: whole - 1, autoClose: false });
    const lines = createInterface({ input: stream, crlfDelay: Infinity });
    let number = 0;
    for await (const line of lines) if (number++ > 0) yield parseEntry(line);
  } catch (cause) {
    throw ioError(cause, `Reading ${path}`);
  }
}

async function dropTornLine(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  const whole = await wholeBytes(file);
  const { size } = await file.stat();
  if (whole === size) return;
  await file.truncate(whole);
  await file.datasync();
}

/** Bytes up to and with the last newline. */
async function wholeBytes(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  const piece = Buffer.alloc(Math.min(size, 64 * 1024));
  for (let end = size; end > 0; end -= piece.length) {
    const start = Math.max(0, end - piece.length);
    const { bytesRead } = await file.read({ buffer: piece, position: start, length: end - start });
    const last = piece.subarray(0, bytesRead).lastIndexOf('\n');
    if (last !== -1) return start + last + 1;
  }
  return 0;
}
