/** Chunks that prune has found, packed: 110 bytes each. */
import type { Bytes } from '../bytes.ts';
import type { ChunkId, RelayId } from '../ids.ts';
import { MAX_CHUNK_BYTES } from '../limits.ts';
import { IdTable } from './owned-ids.ts';

/** Holders of one chunk that are kept by name; those beyond are counted. */
const MAX_HOLDERS = 16;
/** Row: body hash 32 ‖ bytes of one replica 4 ‖ replicas 2 ‖ holders, 2 each, as numbers of relays. */
const AT = { bodyHash: 0, size: 32, replicas: 36, holders: 38 };
const PAYLOAD_BYTES = AT.holders + 2 * MAX_HOLDERS;

export interface Orphan {
  readonly id: ChunkId;
  readonly bodyHash: Bytes;
  /** Bytes of one replica, as its relays say: for display only. */
  readonly sizeBytes: number;
  readonly replicas: number;
  /** Relays that say so, at most 16 of them. */
  readonly holders: readonly RelayId[];
}

export class OrphanTable {
  readonly #table = new IdTable(PAYLOAD_BYTES);
  readonly #relays: RelayId[] = [];
  readonly #relayNumbers = new Map<RelayId, number>();
  #totalBytes = 0;

  get length(): number {
    return this.#table.length;
  }

  /** Bytes of all replicas. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  add({ id, bodyHash, sizeBytes, replicas, holders }: Orphan): void {
    const size = Math.min(sizeBytes, MAX_CHUNK_BYTES);
    const payload = this.#table.payload(this.#table.add(id));
    const view = new DataView(payload.buffer, payload.byteOffset);
    payload.set(bodyHash, AT.bodyHash);
    view.setUint32(AT.size, size);
    view.setUint16(AT.replicas, Math.min(replicas, 0xffff));
    for (const [i, relay] of holders.slice(0, MAX_HOLDERS).entries())
      view.setUint16(AT.holders + 2 * i, this.#numberOf(relay));
    this.#totalBytes += size * replicas;
  }

  /** The chunk's row, or −1. */
  find(id: ChunkId): number {
    return this.#table.find(id);
  }

  at(row: number): Orphan {
    const payload = this.#table.payload(row);
    const view = new DataView(payload.buffer, payload.byteOffset);
    const replicas = view.getUint16(AT.replicas);
    const holders: RelayId[] = [];
    for (let i = 0; i < Math.min(replicas, MAX_HOLDERS); i++) {
      const relay = this.#relays[view.getUint16(AT.holders + 2 * i)];
      if (relay !== undefined) holders.push(relay);
    }
    return {
      id: this.#table.idAt(row),
      bodyHash: payload.slice(AT.bodyHash, AT.size),
      sizeBytes: view.getUint32(AT.size),
      replicas,
      holders,
    };
  }

  /** A relay's number; the swarm's membership bounds them. */
  #numberOf(relay: RelayId): number {
    const known = this.#relayNumbers.get(relay);
    if (known !== undefined) return known;
    this.#relays.push(relay);
    this.#relayNumbers.set(relay, this.#relays.length - 1);
    return this.#relays.length - 1;
  }
}
