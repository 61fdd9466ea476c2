/** What a journal says about each block, packed: 2²⁰ blocks take 130 MB, and a file of 2 GiB 270 KB. */
import { fromHex } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { COMPRESSIONS } from '../codec/compression.ts';
import { AppError } from '../errors.ts';
import { chunkIdFromHash } from '../ids.ts';
import type { ManifestId } from '../ids.ts';
import { BLOCK_BYTES, MAX_CHUNKS_PER_FILE } from '../limits.ts';
import type { JournalChunk, JournalEntry } from './ports.ts';

/** Row: id 32 ‖ block hash 32 ‖ body hash 32 ‖ IV 16 ‖ size 4 ‖ compression 1 ‖ holders 1 ‖ state 1. */
const ROW_BYTES = 119;
const AT = {
  id: 0,
  blockHash: 32,
  bodyHash: 64,
  iv: 96,
  size: 112,
  compression: 116,
  holders: 117,
  state: 118,
};
const UNKNOWN = 0;
const SEALED = 1;
const STORED = 2;

export interface JournaledBlock {
  readonly chunk: JournalChunk;
  /** Relays whose receipts were verified; 0 while the chunk is not known to be stored. */
  readonly holders: number;
}

export class JournalTable {
  readonly length: number;
  readonly #rows: Uint8Array;
  #finished: ManifestId | undefined;

  constructor(chunkCount: number) {
    if (chunkCount > MAX_CHUNKS_PER_FILE) throw new AppError('TOO_LARGE', 'A file of more than 1 TiB.');
    this.length = chunkCount;
    this.#rows = new Uint8Array(chunkCount * ROW_BYTES);
  }

  /** Replays a journal. Throws `CORRUPT` when an entry cannot belong to a file of this many blocks, `DELETED`. */
  static async replay(chunkCount: number, entries: AsyncIterable<JournalEntry>): Promise<JournalTable> {
    const table = new JournalTable(chunkCount);
    for await (const entry of entries) table.#apply(entry);
    return table;
  }

  get finished(): ManifestId | undefined {
    return this.#finished;
  }

  at(index: number): JournaledBlock | undefined {
    const row = this.#row(index);
    if (row[AT.state] === UNKNOWN) return undefined;
    const field = (offset: number, length: number): Bytes => row.slice(offset, offset + length);
    const compression = COMPRESSIONS[row[AT.compression] ?? 0] ?? 'none';
    const chunk = {
      index,
      id: chunkIdFromHash(field(AT.id, 32)),
      blockHash: field(AT.blockHash, 32),
      bodyHash: field(AT.bodyHash, 32),
      iv: field(AT.iv, 16),
      size: new DataView(row.buffer, row.byteOffset).getUint32(AT.size),
      compression,
    };
    return { chunk, holders: row[AT.state] === STORED ? (row[AT.holders] ?? 0) : 0 };
  }

  setSealed(chunk: JournalChunk): void {
    const row = this.#row(chunk.index);
    if (chunk.blockHash.length !== 32 || chunk.bodyHash.length !== 32 || chunk.iv.length !== 16)
      throw damaged();
    if (chunk.size < 1 || chunk.size > BLOCK_BYTES) throw damaged();
    row.set(fromHex(chunk.id), AT.id);
    row.set(chunk.blockHash, AT.blockHash);
    row.set(chunk.bodyHash, AT.bodyHash);
    row.set(chunk.iv, AT.iv);
    new DataView(row.buffer, row.byteOffset).setUint32(AT.size, chunk.size);
    row[AT.compression] = COMPRESSIONS.indexOf(chunk.compression);
    row[AT.holders] = 0;
    row[AT.state] = SEALED;
  }

  setStored(index: number, holders: number): void {
    const row = this.#row(index);
    if (row[AT.state] === UNKNOWN) throw damaged();
    row[AT.holders] = Math.min(holders, 255);
    row[AT.state] = STORED;
  }

  #apply(entry: JournalEntry): void {
    switch (entry.kind) {
      case 'sealed':
        this.setSealed(entry.chunk);
        break;
      case 'stored':
        this.setStored(entry.index, entry.holders.length);
        break;
      case 'abandoned':
        // The `sealed` entry that took the chunk's place stands before this one.
        break;
      case 'finished':
        this.#finished = entry.manifestId;
        break;
      case 'granted':
      case 'located':
        throw damaged();
      case 'deleting':
      case 'deleted':
        throw new AppError('DELETED', 'This file is being deleted. Upload it as a new file.');
    }
  }

  #row(index: number): Uint8Array {
    if (!Number.isInteger(index) || index < 0 || index >= this.length) throw damaged();
    return this.#rows.subarray(index * ROW_BYTES, (index + 1) * ROW_BYTES);
  }
}

function damaged(): AppError {
  return new AppError(
    'CORRUPT',
    'The journal of this upload does not fit its file. Upload it as a new file.',
  );
}
