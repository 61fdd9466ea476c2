/**
 * A manifest's rows in pages of 1024, 33 bytes a row: chunk id (32) ‖ compression (1). Index and size follow from the
 * position and the file's size, since blocks are fixed. A seek into a huge file thus reads one page, not all rows.
 */
import type { Bytes } from '../../../shared/bytes.ts';
import { COMPRESSIONS } from '../../../shared/codec/compression.ts';
import { AppError } from '../../../shared/errors.ts';
import type { ChunkRow, ChunkRows } from '../../../shared/format/manifest-types.ts';
import { chunkIdFromHash, idToBytes } from '../../../shared/ids.ts';
import { BLOCK_BYTES } from '../../../shared/limits.ts';

export const ROWS_PER_PAGE = 1024;
const ID_BYTES = 32;
const ROW_BYTES = ID_BYTES + 1;
/** Pages that one open file keeps: a reader is in one, its read-ahead at most in the next, a seek in another. */
const CACHED_PAGES = 4;

/** Packs all rows, page by page. */
export async function* packRows(rows: ChunkRows): AsyncGenerator<Bytes> {
  for (let first = 0; first < rows.length; first += ROWS_PER_PAGE) {
    const count = Math.min(ROWS_PER_PAGE, rows.length - first);
    const page = new Uint8Array(count * ROW_BYTES);
    for (let i = 0; i < count; i++) {
      const row = await rows.at(first + i);
      page.set(idToBytes(row.id), i * ROW_BYTES);
      page[i * ROW_BYTES + ID_BYTES] = COMPRESSIONS.indexOf(row.compression);
    }
    yield page;
  }
}

export interface PagedRowsOptions {
  readonly length: number;
  /** Plaintext bytes of the whole file. */
  readonly fileSizeBytes: number;
  readonly loadPage: (page: number) => Promise<Bytes>;
}

/** Rows read page by page as they are asked for. */
export class PagedRows implements ChunkRows {
  readonly length: number;
  readonly #options: PagedRowsOptions;
  /** In order of last use. */
  readonly #pages = new Map<number, Promise<Bytes>>();

  constructor(options: PagedRowsOptions) {
    this.length = options.length;
    this.#options = options;
  }

  /** Throws `BAD_INPUT` outside the rows, `CORRUPT` when the stored page is not what it should be. */
  async at(index: number): Promise<ChunkRow> {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new AppError('BAD_INPUT', 'There is no such block in this file.');
    }
    const page = await this.#page(Math.floor(index / ROWS_PER_PAGE));
    const offset = (index % ROWS_PER_PAGE) * ROW_BYTES;
    const id = page.subarray(offset, offset + ID_BYTES);
    const compression = COMPRESSIONS[page[offset + ID_BYTES] ?? COMPRESSIONS.length];
    if (id.length !== ID_BYTES || compression === undefined) {
      throw new AppError('CORRUPT', 'The list of this file’s blocks is damaged: import its manifest again.');
    }
    const size = Math.min(BLOCK_BYTES, this.#options.fileSizeBytes - index * BLOCK_BYTES);
    return { index, id: chunkIdFromHash(id), size, compression };
  }

  #page(number: number): Promise<Bytes> {
    const page = this.#pages.get(number) ?? this.#load(number);
    this.#pages.delete(number);
    this.#pages.set(number, page);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= CACHED_PAGES) break;
      this.#pages.delete(oldest);
    }
    return page;
  }

  #load(number: number): Promise<Bytes> {
    const page = this.#options.loadPage(number);
    page.catch(() => {
      // A failed read is not remembered: the next one tries again.
      if (this.#pages.get(number) === page) this.#pages.delete(number);
    });
    return page;
  }
}
