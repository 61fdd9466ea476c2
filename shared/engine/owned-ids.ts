/** A table of chunk ids, packed: 40 bytes and the payload each. */
import { fromHex } from '../bytes.ts';
import { chunkIdFromHash } from '../ids.ts';
import type { ChunkId } from '../ids.ts';

const ID_BYTES = 32;
const PAGE_ROWS = 4096;
const FIRST_SLOTS = 1024;

/** Rows are found by 8 bytes of the id, hashed with numbers that nobody can know: granted ids are others' to choose. */
export class IdTable {
  readonly #rowBytes: number;
  readonly #pages: Uint8Array<ArrayBuffer>[] = [];
  /** Row + 1 by hash, 0 where free; at most half full. */
  #slots = new Uint32Array(FIRST_SLOTS);
  /** Odd: multiply-shift hashing (Dietzfelbinger et al. 1997) spreads any ids by its high bits. */
  readonly #factors = crypto.getRandomValues(new Uint32Array(2)).map((factor) => factor | 1);
  #length = 0;

  /** `payloadBytes`: what each row holds besides its id, zero at first. */
  constructor(payloadBytes = 0) {
    this.#rowBytes = ID_BYTES + payloadBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** The id's row, or −1. */
  find(id: ChunkId): number {
    return (this.#slots[this.#slotOf(fromHex(id))] ?? 0) - 1;
  }

  /** The id's row; a new one if it has none. */
  add(id: ChunkId): number {
    const bytes = fromHex(id);
    const slot = this.#slotOf(bytes);
    const known = this.#slots[slot] ?? 0;
    if (known > 0) return known - 1;
    const row = this.#length++;
    if (row % PAGE_ROWS === 0) this.#pages.push(new Uint8Array(PAGE_ROWS * this.#rowBytes));
    this.#rowAt(row).set(bytes);
    this.#slots[slot] = row + 1;
    if (2 * this.#length > this.#slots.length) this.#grow();
    return row;
  }

  idAt(row: number): ChunkId {
    return chunkIdFromHash(this.#rowAt(row).subarray(0, ID_BYTES));
  }

  /** The row's own bytes, to read and to write. */
  payload(row: number): Uint8Array<ArrayBuffer> {
    return this.#rowAt(row).subarray(ID_BYTES);
  }

  #rowAt(row: number): Uint8Array<ArrayBuffer> {
    const page = this.#pages[Math.floor(row / PAGE_ROWS)];
    if (page === undefined) throw new RangeError('No such row.');
    const start = (row % PAGE_ROWS) * this.#rowBytes;
    return page.subarray(start, start + this.#rowBytes);
  }

  /** Where the id's row number is, or would be. */
  #slotOf(id: Uint8Array): number {
    const mask = this.#slots.length - 1;
    let slot = this.#hashOf(id) >>> (32 - Math.log2(this.#slots.length));
    for (;;) {
      const row = (this.#slots[slot] ?? 0) - 1;
      if (row < 0 || this.#holds(row, id)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #holds(row: number, id: Uint8Array): boolean {
    const known = this.#rowAt(row);
    for (let i = 0; i < ID_BYTES; i++) if (known[i] !== id[i]) return false;
    return true;
  }

  #grow(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let row = 0; row < this.#length; row++)
      this.#slots[this.#slotOf(this.#rowAt(row).subarray(0, ID_BYTES))] = row + 1;
  }

  #hashOf(id: Uint8Array): number {
    const [first = 1, second = 1] = this.#factors;
    return (Math.imul(wordAt(id, 0), first) + Math.imul(wordAt(id, 4), second)) >>> 0;
  }
}

function wordAt(id: Uint8Array, at: number): number {
  return ((id[at] ?? 0) << 24) | ((id[at + 1] ?? 0) << 16) | ((id[at + 2] ?? 0) << 8) | (id[at + 3] ?? 0);
}
