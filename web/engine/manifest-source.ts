import { AppError } from '../../shared/errors.ts';
import type { ChunkRow, ChunkRows, Manifest } from '../../shared/format/manifest-types.ts';
import type { ManifestId } from '../../shared/ids.ts';
import type { FileStore } from './local-stores.ts';

export interface ManifestSourceOptions {
  readonly files: Pick<FileStore, 'manifest'>;
  /** Brings one into `files` that another device has put into the vault. Throws as `PageVault.fetchManifest`. */
  readonly fetch: (id: ManifestId, signal: AbortSignal) => Promise<void>;
}

/** Manifests of the files on the list, from this browser, or fetched by the link that the vault's index has. */
export class ManifestSource {
  readonly #options: ManifestSourceOptions;

  constructor(options: ManifestSourceOptions) {
    this.#options = options;
  }

  /** Throws `NOT_FOUND` for a file that is not on the list, and as `fetch`. */
  async get(id: ManifestId, signal: AbortSignal): Promise<Manifest> {
    const { files, fetch } = this.#options;
    try {
      return await files.manifest(id);
    } catch (cause) {
      if (AppError.from(cause).code !== 'NOT_FOUND') throw cause;
    }
    await fetch(id, signal);
    return files.manifest(id);
  }
}

/** Rows `from` to `from + count`, fewer at the end. */
export async function readRows(rows: ChunkRows, from: number, count: number): Promise<readonly ChunkRow[]> {
  const read: ChunkRow[] = [];
  for (let index = from; index < Math.min(from + count, rows.length); index++)
    read.push(await rows.at(index));
  return read;
}
