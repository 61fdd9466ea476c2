/** What the blocks of one's own files take on the relays, by the relays' word. */
import type { ChunkId } from '../ids.ts';
import { MAX_CHUNK_BYTES, MAX_USAGE_BLOCKS, REPLICAS } from '../limits.ts';
import { IdTable } from './owned-ids.ts';
import type { HeldRow } from './prune-inventories.ts';

/** Row: plaintext bytes 4 ‖ bytes of one copy 4 ‖ copies 2. */
const AT = { plain: 0, stored: 4, copies: 8 };
const PAYLOAD_BYTES = 10;

export interface UsageFigures {
  readonly blocks: number;
  /** Plaintext bytes of all blocks. */
  readonly plainBytes: number;
  /** Plaintext bytes of the blocks that any relay has. */
  readonly foundPlainBytes: number;
  /** Bytes of one copy of each of these. */
  readonly storedBytes: number;
  /** Bytes of all their copies. */
  readonly copiesBytes: number;
  /** Blocks by number of copies: of none, of 1, … of `REPLICAS` or more. */
  readonly byCopies: readonly number[];
  /** False where there were more blocks than are counted. */
  readonly complete: boolean;
}

/** 50 bytes a block, at most `MAX_USAGE_BLOCKS`. */
export class StoredUsage {
  readonly #table = new IdTable(PAYLOAD_BYTES);
  #complete = true;

  /** A block of an own file. */
  add(id: ChunkId, plainBytes: number): void {
    if (this.#table.length >= MAX_USAGE_BLOCKS) {
      this.#complete = false;
      return;
    }
    this.#view(this.#table.add(id)).setUint32(AT.plain, plainBytes);
  }

  /** What relays say they hold of one chunk, whoever has made it; none of the rows is about another. */
  see(rows: readonly HeldRow[]): void {
    const [first] = rows;
    if (first === undefined) return;
    const row = this.#table.find(first.entry.id as ChunkId);
    if (row < 0) return;
    const view = this.#view(row);
    const largest = Math.max(...rows.map(({ entry }) => entry.size));
    view.setUint32(AT.stored, Math.min(largest, MAX_CHUNK_BYTES));
    view.setUint16(AT.copies, rows.length);
  }

  figures(): UsageFigures {
    const byCopies = Array.from({ length: REPLICAS + 1 }, () => 0);
    let [plainBytes, foundPlainBytes, storedBytes, copiesBytes] = [0, 0, 0, 0];
    for (let row = 0; row < this.#table.length; row++) {
      const view = this.#view(row);
      const [plain, stored, copies] = [
        view.getUint32(AT.plain),
        view.getUint32(AT.stored),
        view.getUint16(AT.copies),
      ];
      const group = Math.min(copies, REPLICAS);
      byCopies[group] = (byCopies[group] ?? 0) + 1;
      plainBytes += plain;
      if (copies === 0) continue;
      foundPlainBytes += plain;
      storedBytes += stored;
      copiesBytes += stored * copies;
    }
    return {
      ...{ blocks: this.#table.length, plainBytes, foundPlainBytes, storedBytes, copiesBytes, byCopies },
      complete: this.#complete,
    };
  }

  #view(row: number): DataView {
    const payload = this.#table.payload(row);
    return new DataView(payload.buffer, payload.byteOffset);
  }
}
