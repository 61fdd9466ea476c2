import { fromHex } from '../bytes.ts';
import { COMPRESSIONS } from '../codec/compression.ts';
import { AppError } from '../errors.ts';
import { chunkIdFromHash, isId } from '../ids.ts';
import { BLOCK_BYTES, MAX_CHUNKS_PER_FILE } from '../limits.ts';
import type { ChunkRow, ChunkRows } from './manifest-types.ts';
import { MerkleBuilder } from './merkle.ts';

const ID_BYTES = 32;
/** Rows of a page: growing copies nothing, and a small file takes 135 KiB at most. */
const PAGE_ROWS = 4096;

interface Page {
  readonly ids: Uint8Array<ArrayBuffer>;
  readonly compressions: Uint8Array<ArrayBuffer>;
}

/**
 * Chunk rows packed in memory, 33 bytes each: 34 MiB for the largest file. Only rows that can follow the ones before are
 * taken, so that a table is always the beginning of a valid manifest.
 */
export class ChunkTable implements ChunkRows {
  readonly #pages: Page[] = [];
  readonly #merkle = new MerkleBuilder();
  #length = 0;
  #sizeBytes = 0;

  get length(): number {
    return this.#length;
  }

  /** Plaintext bytes of all rows. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** RFC 6962 root over the rows so far, lowercase hex. */
  get merkleRoot(): string {
    return this.#merkle.root();
  }

  /**
   * Throws `CORRUPT` for a row out of order, more than 2²⁰ rows, a size that is not 1 to 1,048,576, or a row after one
   * whose block was not full.
   */
  append(row: ChunkRow): void {
    if (this.#length >= MAX_CHUNKS_PER_FILE) {
      throw new AppError('CORRUPT', `The manifest has more than ${MAX_CHUNKS_PER_FILE} chunks.`);
    }
    if (row.index !== this.#length) {
      throw new AppError('CORRUPT', `The manifest’s chunks are out of order at chunk ${this.#length}.`);
    }
    if (!Number.isInteger(row.size) || row.size < 1 || row.size > BLOCK_BYTES) {
      throw new AppError('CORRUPT', `Chunk ${row.index} has an impossible size.`);
    }
    if (this.#sizeBytes !== this.#length * BLOCK_BYTES) {
      throw new AppError('CORRUPT', `Chunk ${this.#length - 1} is short, yet it is not the last.`);
    }
    const compression = COMPRESSIONS.indexOf(row.compression);
    if (!isId(row.id) || compression < 0) throw new AppError('CORRUPT', `Chunk ${row.index} is malformed.`);

    const slot = this.#length % PAGE_ROWS;
    if (slot === 0) {
      this.#pages.push({
        ids: new Uint8Array(PAGE_ROWS * ID_BYTES),
        compressions: new Uint8Array(PAGE_ROWS),
      });
    }
    this.#length++;
    this.#sizeBytes += row.size;
    const page = this.#page(row.index);
    const id = fromHex(row.id);
    page.ids.set(id, slot * ID_BYTES);
    this.#merkle.add(id);
    page.compressions[slot] = compression;
  }

  /** Throws `BAD_INPUT` outside 0 to length − 1. */
  at(index: number): ChunkRow {
    const page = this.#page(index);
    const slot = index % PAGE_ROWS;
    const idBytes = page.ids.subarray(slot * ID_BYTES, (slot + 1) * ID_BYTES);
    const last = index === this.#length - 1;
    return {
      index,
      id: chunkIdFromHash(idBytes),
      size: last ? this.#sizeBytes - index * BLOCK_BYTES : BLOCK_BYTES,
      compression: COMPRESSIONS[page.compressions[slot] ?? 0] ?? 'none',
    };
  }

  #page(index: number): Page {
    const page = this.#pages[Math.floor(index / PAGE_ROWS)];
    const inside = Number.isInteger(index) && index >= 0 && index < this.#length;
    if (page === undefined || !inside) throw new AppError('BAD_INPUT', 'No chunk has this index.');
    return page;
  }
}
