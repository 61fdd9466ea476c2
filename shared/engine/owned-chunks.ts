/** All chunks that one upload has ever sealed, or that its owner has given the right to delete, with who may hold them and how far their deletion has come. */
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import type { ChunkId, ManifestId, RelayId } from '../ids.ts';
import { BLOCK_BYTES } from '../limits.ts';
import { IdTable } from './owned-ids.ts';
import type { JournalEntry } from './ports.ts';

/** Holders of one chunk that are kept: three sets of receipts, from an upload that was resumed twice. */
const MAX_HOLDERS = 16;
/** Row: body hash 32 ‖ state 1 ‖ number of holders 1 ‖ holders, 2 each, as numbers of relays. */
const AT = { bodyHash: 0, state: 32, count: 33, holders: 34 };
const PAYLOAD_BYTES = AT.holders + 2 * MAX_HOLDERS;
const HASH_BYTES = 32;
/** Tokens of a page. */
const PAGE_TOKENS = 1024;
/** State of a chunk whose deletion the swarm was told; 0 before. */
const TOLD = 1;

export interface OwnedChunk {
  readonly id: ChunkId;
  readonly bodyHash: Bytes;
  /** Of a granted chunk; null for one that this device's delete key has made, or none that is known here. */
  readonly token: Bytes | null;
  /** Relays that have it by receipt, or say so of a granted one; once its deletion was told, those of them that have not confirmed. */
  readonly holders: readonly RelayId[];
  /** The swarm was told to delete it. */
  readonly told: boolean;
  /** Deleted, with nobody left to confirm. */
  readonly gone: boolean;
}

/** 108 bytes a chunk, 32 more for each that is granted, and 4 a block. */
export class OwnedChunks {
  readonly #table = new IdTable(PAYLOAD_BYTES);
  /** The row of each block's current chunk, −1 before there is one. */
  readonly #current: Int32Array;
  readonly #relays: RelayId[] = [];
  readonly #relayNumbers = new Map<RelayId, number>();
  readonly #manifests = new Set<ManifestId>();
  /** By page of rows; zero where a row has none. */
  readonly #tokens = new Map<number, Bytes>();
  #deleting = false;

  private constructor(sizeBytes: number) {
    this.#current = new Int32Array(Math.ceil(sizeBytes / BLOCK_BYTES)).fill(-1);
  }

  /** `sizeBytes`: of the file. Throws `CORRUPT` for entries that do not fit each other, and what `entries` throws. */
  static async replay(sizeBytes: number, entries: AsyncIterable<JournalEntry>): Promise<OwnedChunks> {
    const owned = new OwnedChunks(sizeBytes);
    for await (const entry of entries) owned.apply(entry);
    return owned;
  }

  get length(): number {
    return this.#table.length;
  }

  /** Whether the owner has begun to delete it. */
  get deleting(): boolean {
    return this.#deleting;
  }

  /** Whether this upload has made the manifest. */
  made(manifest: ManifestId): boolean {
    return this.#manifests.has(manifest);
  }

  /** Every relay that any chunk was stored on, by receipt. */
  get relays(): readonly RelayId[] {
    return this.#relays;
  }

  has(id: ChunkId): boolean {
    return this.#table.find(id) >= 0;
  }

  /** The chunk's row, or −1. */
  find(id: ChunkId): number {
    return this.#table.find(id);
  }

  at(row: number): OwnedChunk {
    const payload = this.#table.payload(row);
    const holders: RelayId[] = [];
    const view = new DataView(payload.buffer, payload.byteOffset);
    for (let i = 0; i < (payload[AT.count] ?? 0); i++) {
      const relay = this.#relays[view.getUint16(AT.holders + 2 * i)];
      if (relay !== undefined) holders.push(relay);
    }
    return {
      id: this.#table.idAt(row),
      bodyHash: payload.slice(AT.bodyHash, AT.bodyHash + HASH_BYTES),
      token: this.#tokenOf(row),
      holders,
      told: payload[AT.state] === TOLD,
      gone: payload[AT.state] === TOLD && holders.length === 0,
    };
  }

  apply(entry: JournalEntry): void {
    switch (entry.kind) {
      case 'sealed':
        this.#current[this.#indexOf(entry.chunk.index)] = this.#add(entry.chunk.id, entry.chunk.bodyHash);
        break;
      case 'stored': {
        const row = this.#current[this.#indexOf(entry.index)] ?? -1;
        if (row < 0) throw damaged();
        for (const relay of entry.holders) this.#addHolder(row, relay);
        break;
      }
      case 'abandoned':
        this.#add(entry.id, entry.bodyHash);
        break;
      case 'granted':
        this.#setToken(this.#add(entry.id, entry.bodyHash), entry.token);
        break;
      case 'located': {
        const row = this.#table.find(entry.id);
        if (row < 0) throw damaged();
        for (const relay of entry.holders) this.#addHolder(row, relay);
        break;
      }
      case 'finished':
        this.#manifests.add(entry.manifestId);
        break;
      case 'deleting':
        this.#deleting = true;
        break;
      case 'deleted': {
        const row = this.#table.find(entry.id);
        if (row < 0) throw damaged();
        const payload = this.#table.payload(row);
        payload[AT.state] = TOLD;
        payload[AT.count] = 0;
        for (const relay of entry.pending) this.#addHolder(row, relay);
        break;
      }
    }
  }

  #indexOf(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.#current.length) throw damaged();
    return index;
  }

  #add(id: ChunkId, bodyHash: Uint8Array): number {
    if (bodyHash.length !== HASH_BYTES) throw damaged();
    const row = this.#table.add(id);
    this.#table.payload(row).set(bodyHash, AT.bodyHash);
    return row;
  }

  #setToken(row: number, token: Uint8Array): void {
    if (token.length !== HASH_BYTES) throw damaged();
    const number = Math.floor(row / PAGE_TOKENS);
    const page = this.#tokens.get(number) ?? new Uint8Array(PAGE_TOKENS * HASH_BYTES);
    this.#tokens.set(number, page);
    page.set(token, (row % PAGE_TOKENS) * HASH_BYTES);
  }

  #tokenOf(row: number): Bytes | null {
    const start = (row % PAGE_TOKENS) * HASH_BYTES;
    const token = this.#tokens.get(Math.floor(row / PAGE_TOKENS))?.slice(start, start + HASH_BYTES);
    return token?.some((byte) => byte !== 0) === true ? token : null;
  }

  #addHolder(row: number, relay: RelayId): void {
    const number = this.#numberOf(relay);
    const payload = this.#table.payload(row);
    const view = new DataView(payload.buffer, payload.byteOffset);
    const count = payload[AT.count] ?? 0;
    for (let i = 0; i < count; i++) if (view.getUint16(AT.holders + 2 * i) === number) return;
    if (count >= MAX_HOLDERS) return;
    view.setUint16(AT.holders + 2 * count, number);
    payload[AT.count] = count + 1;
  }

  #numberOf(relay: RelayId): number {
    const known = this.#relayNumbers.get(relay);
    if (known !== undefined) return known;
    const number = this.#relays.length;
    if (number > 0xffff) throw damaged();
    this.#relays.push(relay);
    this.#relayNumbers.set(relay, number);
    return number;
  }
}

function damaged(): AppError {
  return new AppError('CORRUPT', 'The journal of an upload does not add up.');
}
