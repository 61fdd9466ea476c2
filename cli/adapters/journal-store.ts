/**
 * The journals of this user: `ID.open.jsonl` while an upload is unfinished, `ID.jsonl` afterwards, as the record of
 * what this device owns. A lock that dies with its process keeps two processes off one journal.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8 } from '../../shared/bytes.ts';
import type { Journal, JournalHeader, JournalStore } from '../../shared/engine/ports.ts';
import { AppError } from '../../shared/errors.ts';
import { makeFolder } from './folders.ts';
import { syncFolder, writeFileAtomic } from './atomic-file.ts';
import { lockFile } from './file-lock.ts';
import { errnoOf, ioError } from './io-errors.ts';
import { JournalFile, readHeader } from './journal-file.ts';
import { formatHeader } from './journal-format.ts';
import type { JournalOrigin } from './journal-format.ts';

const OPEN_SUFFIX = '.open.jsonl';
const SETTLED_SUFFIX = '.jsonl';
const UPLOAD_ID = /^[A-Za-z0-9_-]{1,128}$/;

export class FileJournalStore implements JournalStore {
  readonly #folder: string;
  readonly #origin: JournalOrigin;

  /** A store that sees the uploads of one origin only: what the same command, given again, would upload. */
  constructor(dataFolder: string, origin: JournalOrigin) {
    this.#folder = join(dataFolder, 'journals');
    this.#origin = origin;
  }

  async create(header: JournalHeader): Promise<Journal> {
    const path = this.#pathOf(header.uploadId, OPEN_SUFFIX);
    try {
      await makeFolder(this.#folder, 0o700);
      const lock = await this.#lock(header.uploadId);
      try {
        await writeFileAtomic(path, utf8(formatHeader(header, this.#origin)), { replace: false });
      } catch (cause) {
        lock[Symbol.dispose]();
        throw cause;
      }
      return await JournalFile.open(path, lock);
    } catch (cause) {
      throw ioError(cause, `Creating a journal in ${this.#folder}`);
    }
  }

  async open(uploadId: string): Promise<Journal> {
    return JournalFile.open(this.#pathOf(uploadId, OPEN_SUFFIX), await this.#lock(uploadId));
  }

  async unfinished(): Promise<readonly JournalHeader[]> {
    const found: JournalHeader[] = [];
    for (const name of await this.#names()) {
      if (!name.endsWith(OPEN_SUFFIX)) continue;
      const journal = await readHeaderOrNull(join(this.#folder, name));
      if (journal === null) continue;
      const { header, origin } = journal;
      if (origin.path === this.#origin.path && origin.target === this.#origin.target) found.push(header);
    }
    return found;
  }

  /** To be called with the journal closed, once its manifest is safe: it is not offered for resuming any more. */
  async settle(uploadId: string): Promise<void> {
    try {
      await rename(this.#pathOf(uploadId, OPEN_SUFFIX), this.#pathOf(uploadId, SETTLED_SUFFIX));
      await syncFolder(this.#folder);
      await rm(this.#lockPath(uploadId), { force: true });
    } catch (cause) {
      throw ioError(cause, `Closing a journal in ${this.#folder}`);
    }
  }

  #lock(uploadId: string): Promise<Disposable> {
    return lockFile(this.#lockPath(uploadId), 'Another lanvault process is uploading this file.');
  }

  #lockPath(uploadId: string): string {
    return this.#pathOf(uploadId, '.lock');
  }

  #pathOf(uploadId: string, suffix: string): string {
    if (!UPLOAD_ID.test(uploadId)) throw new AppError('BAD_INPUT', 'Not an upload id.');
    return join(this.#folder, `${uploadId}${suffix}`);
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#folder);
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return [];
      throw ioError(cause, `Reading ${this.#folder}`);
    }
  }
}

/** Null for a journal that is damaged, or that settled just now: there is nothing to resume. */
async function readHeaderOrNull(path: string): Promise<Awaited<ReturnType<typeof readHeader>> | null> {
  try {
    return await readHeader(path);
  } catch (cause) {
    if (cause instanceof AppError && (cause.code === 'CORRUPT' || errnoOf(cause.cause) === 'ENOENT'))
      return null;
    throw cause;
  }
}
