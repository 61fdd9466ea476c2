/** Chunks that prune has found, packed: 78 bytes each. */
import type { Bytes } from '../bytes.ts';
import type { ChunkId } from '../ids.ts';
import { MAX_CHUNK_BYTES } from '../limits.ts';
import { IdTable } from './owned-ids.ts';

/** Row: body hash 32 ‖ bytes of one replica 4 ‖ replicas 2. */
const AT = { bodyHash: 0, size: 32, replicas: 36 };
const PAYLOAD_BYTES = 38;

export interface Orphan {
  readonly id: ChunkId;
  readonly bodyHash: Bytes;
  /** Bytes of one replica, as its relays say: for display only. */
  readonly sizeBytes: number;
  readonly replicas: number;
}

export class OrphanTable {
  readonly #table = new IdTable(PAYLOAD_BYTES);
  #totalBytes = 0;

  get length(): number {
    return this.#table.length;
  }

  /** Bytes of all replicas. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  add({ id, bodyHash, sizeBytes, replicas }: Orphan): void {
    const size = Math.min(sizeBytes, MAX_CHUNK_BYTES);
    const payload = this.#table.payload(this.#table.add(id));
    const view = new DataView(payload.buffer, payload.byteOffset);
    payload.set(bodyHash, AT.bodyHash);
    view.setUint32(AT.size, size);
    view.setUint16(AT.replicas, Math.min(replicas, 0xffff));
    this.#totalBytes += size * replicas;
  }

  /** The chunk's row, or −1. */
  find(id: ChunkId): number {
    return this.#table.find(id);
  }

  at(row: number): Orphan {
    const payload = this.#table.payload(row);
    const view = new DataView(payload.buffer, payload.byteOffset);
    return {
      id: this.#table.idAt(row),
      bodyHash: payload.slice(AT.bodyHash, AT.size),
      sizeBytes: view.getUint32(AT.size),
      replicas: view.getUint16(AT.replicas),
    };
  }
}
