/** A file's chunks, a page at a time. */
import { AppError } from '../../shared/errors.ts';
import { CHUNK_ROWS_PAGE } from '../../shared/limits.ts';
import type { AppEngine, ChunkRow, StoredFile } from './engine-types.ts';

export class ChunkPages {
  readonly #engine: Pick<AppEngine, 'chunks'>;
  readonly #file: StoredFile;
  #page = $state(0);
  #rows = $state.raw<readonly ChunkRow[]>([]);
  #error = $state.raw<AppError | null>(null);

  constructor(engine: Pick<AppEngine, 'chunks'>, file: StoredFile) {
    this.#engine = engine;
    this.#file = file;
  }

  /** From 0. */
  get page(): number {
    return this.#page;
  }

  get pageCount(): number {
    return Math.ceil(this.#file.chunkCount / CHUNK_ROWS_PAGE);
  }

  /** Of the page that was last shown, until the next is read. */
  get rows(): readonly ChunkRow[] {
    return this.#rows;
  }

  get error(): AppError | null {
    return this.#error;
  }

  /** Resolves when the page is read, or could not be. */
  async show(page: number): Promise<void> {
    this.#page = page;
    this.#error = null;
    try {
      const rows = await this.#engine.chunks(this.#file.manifestId, page * CHUNK_ROWS_PAGE, CHUNK_ROWS_PAGE);
      if (this.#page === page) this.#rows = rows;
    } catch (cause) {
      if (this.#page === page) this.#error = AppError.from(cause);
    }
  }
}
