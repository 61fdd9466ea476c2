/**
 * All journals of this user, whatever they uploaded and wherever to: what deleting and pruning go by. Nothing is skipped:
 * a journal that cannot be read is an error, since it may refer to any chunk.
 */
import { appendFile, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '../../shared/bytes.ts';
import type { OwnedUpload } from '../../shared/engine/deletion-ports.ts';
import type { Journal, JournalEntry } from '../../shared/engine/ports.ts';
import { AppError } from '../../shared/errors.ts';
import type { ManifestId } from '../../shared/ids.ts';
import { syncFolder } from './atomic-file.ts';
import { lockFile } from './file-lock.ts';
import { errnoOf, ioError } from './io-errors.ts';
import { JournalFile, readEntries, readHeader } from './journal-file.ts';

const NAME = /^([A-Za-z0-9_-]{1,128})(\.open)?\.jsonl$/;
/** One manifest id a line. */
const DELETED_FILES = 'deleted-files.txt';

/** Where a journal lies at this moment. */
interface Place {
  readonly path: string;
  readonly settled: boolean;
}

export interface OwnedManifest {
  readonly id: ManifestId;
  /** The file's key, where the manifest is at hand: it tells journals apart by their headers alone. */
  readonly key: Uint8Array | null;
}

export class JournalArchive {
  readonly #dataFolder: string;
  readonly #folder: string;
  readonly #target: string;

  /** `target`: where the command looks, as `JournalOrigin` has it. */
  constructor(dataFolder: string, target: string) {
    this.#dataFolder = dataFolder;
    this.#folder = join(dataFolder, 'journals');
    this.#target = target;
  }

  /** Throws `CORRUPT` where there is a vault and yet no place where its journals could be. */
  async assertPresent(): Promise<void> {
    if ((await this.#namesOrNull()) !== null) return;
    throw new AppError(
      'CORRUPT',
      `${this.#folder} is missing: what your vault's chunks are needed for is not known. Restore it from a backup.`,
    );
  }

  async *uploads(): AsyncGenerator<OwnedUpload> {
    const seen = new Set<string>();
    // A journal that settles while the folder is listed may be missed, once.
    for (let round = 0; round < 2; round++) {
      for (const uploadId of await this.#uploadIds()) {
        if (seen.has(uploadId)) continue;
        seen.add(uploadId);
        const place = await this.#placeOf(uploadId);
        if (place === null) continue;
        const { header, origin } = await headerOf(place.path);
        yield {
          name: place.path,
          sizeBytes: header.sizeBytes,
          complete: place.settled,
          here: origin.target === this.#target,
          entries: () => this.#entries(uploadId),
        };
      }
    }
  }

  /**
   * The upload that has made this manifest; null if none of this device's has. Throws `CORRUPT` where none has and one
   * cannot be read, `BAD_INPUT` where it went to another place than this command looks.
   */
  async uploadOf(manifest: OwnedManifest): Promise<string | null> {
    let damaged: AppError | null = null;
    for (const uploadId of await this.#uploadIds()) {
      const place = await this.#placeOf(uploadId);
      if (place === null) continue;
      try {
        const { header, origin } = await headerOf(place.path);
        if (manifest.key !== null && !equalBytes(manifest.key, header.key)) continue;
        if (!(await this.#hasMade(uploadId, manifest.id))) continue;
        if (origin.target !== this.#target) throw elsewhere(origin.target);
        return uploadId;
      } catch (cause) {
        if (!(cause instanceof AppError) || cause.code !== 'CORRUPT') throw cause;
        damaged ??= cause;
      }
    }
    if (damaged !== null) throw damaged;
    return null;
  }

  /** Uploads of this target whose deletion has begun, and has not been confirmed by all. Throws `CORRUPT`, `IO`. */
  async deleting(): Promise<readonly string[]> {
    const found: string[] = [];
    for (const uploadId of await this.#uploadIds()) {
      const place = await this.#placeOf(uploadId);
      if (place === null) continue;
      const { origin } = await headerOf(place.path);
      if (origin.target !== this.#target) continue;
      for await (const entry of this.#entries(uploadId)) {
        if (entry.kind !== 'deleting') continue;
        found.push(uploadId);
        break;
      }
    }
    return found;
  }

  /** Opens a journal to delete what it names; it is not offered for resuming any more. Throws `CONFLICT`, `NOT_FOUND`. */
  async open(uploadId: string): Promise<Journal> {
    const lock = await lockFile(
      this.#path(uploadId, '.lock'),
      'Another lanvault process is at work on this file.',
    );
    try {
      const place = await this.#placeOf(uploadId);
      if (place === null) throw new AppError('NOT_FOUND', 'The file has been deleted meanwhile.');
      const settled = this.#path(uploadId, '.jsonl');
      if (!place.settled) {
        await rename(place.path, settled);
        await syncFolder(this.#folder);
      }
      return await JournalFile.open(settled, lock);
    } catch (cause) {
      lock[Symbol.dispose]();
      throw ioError(cause, `Opening a journal in ${this.#folder}`);
    }
  }

  /**
   * Forgets an upload whose chunks are gone from everywhere; `wasDeleted` knows its manifests from here on. The caller
   * holds the journal, and closes it afterwards.
   */
  async remove(uploadId: string): Promise<void> {
    try {
      const manifests: string[] = [];
      for await (const entry of this.#entries(uploadId)) {
        if (entry.kind === 'finished') manifests.push(`${entry.manifestId}\n`);
      }
      const list = join(this.#dataFolder, DELETED_FILES);
      await using file = await open(list, 'a', 0o600);
      await appendFile(file, manifests.join(''));
      await file.datasync();
      await rm(this.#path(uploadId, '.jsonl'), { force: true });
      await syncFolder(this.#folder);
      await rm(this.#path(uploadId, '.lock'), { force: true });
    } catch (cause) {
      throw ioError(cause, `Closing a journal in ${this.#folder}`);
    }
  }

  /** Whether this device has deleted the file of this manifest everywhere. */
  async wasDeleted(manifest: ManifestId): Promise<boolean> {
    const path = join(this.#dataFolder, DELETED_FILES);
    try {
      return (await readFile(path, 'utf8')).split('\n').includes(manifest);
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return false;
      throw ioError(cause, `Reading ${path}`);
    }
  }

  async #hasMade(uploadId: string, manifest: ManifestId): Promise<boolean> {
    for await (const entry of this.#entries(uploadId)) {
      if (entry.kind === 'finished' && entry.manifestId === manifest) return true;
    }
    return false;
  }

  async *#entries(uploadId: string): AsyncGenerator<JournalEntry> {
    const place = await this.#placeOf(uploadId);
    if (place === null)
      throw new AppError('CONFLICT', 'Another lanvault process is deleting a file. Try again.');
    try {
      yield* readEntries(place.path);
    } catch (cause) {
      throw unreadable(place.path, cause);
    }
  }

  /** Null when it is gone: deleted by another process. A journal moves once, from open to settled. */
  async #placeOf(uploadId: string): Promise<Place | null> {
    for (const suffix of ['.jsonl', '.open.jsonl', '.jsonl']) {
      const path = this.#path(uploadId, suffix);
      try {
        await stat(path);
        return { path, settled: suffix === '.jsonl' };
      } catch (cause) {
        if (errnoOf(cause) !== 'ENOENT') throw ioError(cause, `Reading ${path}`);
      }
    }
    return null;
  }

  async #uploadIds(): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    for (const name of (await this.#namesOrNull()) ?? []) {
      if (!name.endsWith('.jsonl')) continue;
      const [, uploadId] = NAME.exec(name) ?? [];
      if (uploadId === undefined)
        throw new AppError('CORRUPT', `${join(this.#folder, name)} is no journal of ours. Move it away.`);
      ids.add(uploadId);
    }
    return ids;
  }

  async #namesOrNull(): Promise<string[] | null> {
    try {
      return await readdir(this.#folder);
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return null;
      throw ioError(cause, `Reading ${this.#folder}`);
    }
  }

  #path(uploadId: string, suffix: string): string {
    return join(this.#folder, `${uploadId}${suffix}`);
  }
}

async function headerOf(path: string): ReturnType<typeof readHeader> {
  try {
    return await readHeader(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** Says which file is damaged. */
function unreadable(path: string, cause: unknown): unknown {
  if (!(cause instanceof AppError) || cause.code !== 'CORRUPT') return cause;
  return new AppError('CORRUPT', `${path} cannot be read: ${cause.message}`, { cause });
}

function elsewhere(target: string): AppError {
  return new AppError(
    'BAD_INPUT',
    target === 'swarm'
      ? 'This file lies on relays: add --scan or --entry-node URL.'
      : `This file lies in the simulated nodes of ${target}: leave out --scan and --entry-node, and name that folder with --data-dir if need be.`,
  );
}
