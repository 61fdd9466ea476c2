/** This relay's own chunks, with receipts and events: what links may ask for, and the local half of HTTP. */
import type { Bytes } from '../../shared/bytes.ts';
import type { Signer } from '../../shared/crypto/sign.ts';
import type { ChunkId } from '../../shared/ids.ts';
import type { Receipt } from '../../shared/protocol/receipt.ts';
import type { StorageCondition } from '../../shared/protocol/health-routes.ts';
import type { ChunkEntry } from '../../shared/protocol/routes.ts';
import type { ChunkStore, OpenedChunk } from '../storage/chunk-store.ts';
import { Intake } from './departure/intake.ts';
import type { ServingGate } from './deletion/serving-gate.ts';
import type { EventBus } from './events.ts';
import type { NegativeCache } from './negative-cache.ts';
import type { Identity, LocalChunks } from './ports.ts';
import { issueReceipt } from './receipts.ts';

export interface LocalChunkParts {
  readonly store: ChunkStore;
  readonly identity: Identity;
  readonly signer: Signer;
  readonly events: EventBus;
  readonly unknown: NegativeCache;
  readonly gate: ServingGate;
}

export class LocalChunkService implements LocalChunks {
  readonly #parts: LocalChunkParts;
  /** Everything that is stored here comes in through this. */
  readonly intake = new Intake();

  constructor(parts: LocalChunkParts) {
    this.#parts = parts;
  }

  get capacityBytes(): number {
    return this.#parts.store.capacityBytes;
  }

  /** Whether chunks are given out yet: not right after a start. */
  get ready(): boolean {
    return this.#parts.gate.isOpen;
  }

  get usage(): { readonly chunks: number; readonly bytes: number } {
    return this.#parts.store.usage;
  }

  /** Whether the disk takes chunks, as it is now. */
  storageCondition(): Promise<StorageCondition> {
    return this.#parts.store.condition();
  }

  /** Bytes that it still takes. */
  room(): Promise<number> {
    return this.#parts.store.room();
  }

  store(id: ChunkId, chunk: Uint8Array, nonceHex: string): Promise<Receipt> {
    return this.storeStream(id, [chunk], nonceHex, chunk.length);
  }

  /** As `store`, while the bytes still arrive; throws what `source` throws too. */
  storeStream(
    id: ChunkId,
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    nonceHex: string,
    sizeHintBytes?: number,
  ): Promise<Receipt> {
    return this.intake.run(() => this.#store(id, source, nonceHex, sizeHintBytes));
  }

  async #store(
    id: ChunkId,
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    nonceHex: string,
    sizeHintBytes?: number,
  ): Promise<Receipt> {
    const { store, identity, signer, events, unknown } = this.#parts;
    const sizeBytes = await store.put(id, source, sizeHintBytes);
    unknown.forget(id);
    events.publish({ type: 'chunk-stored', id, relay: identity.id, size: sizeBytes });
    return issueReceipt(identity.id, signer, { chunk: id, sizeBytes, nonceHex });
  }

  /** Throws `NOT_FOUND`, `DELETED`, and `UNAVAILABLE` for what may have been deleted while this relay was away. */
  async read(id: ChunkId): Promise<Bytes> {
    this.#assertServes(id);
    const bytes = await this.#parts.store.read(id);
    this.#publishRead(id, bytes.length);
    return bytes;
  }

  /** Throws as `read`. The stream closes its file when it ends or is destroyed. */
  async openStream(id: ChunkId): Promise<OpenedChunk> {
    this.#assertServes(id);
    const opened = await this.#parts.store.openStream(id);
    this.#publishRead(id, opened.sizeBytes);
    return opened;
  }

  has(id: ChunkId): boolean {
    return this.#parts.store.has(id);
  }

  /** Throws `UNAVAILABLE` as `read`. */
  async sizeOf(id: ChunkId): Promise<number | null> {
    this.#assertServes(id);
    return this.#parts.store.sizeOf(id);
  }

  inventory(after: string, limit: number): ChunkEntry[] {
    return this.#parts.store.inventory(after, limit);
  }

  /** What is not here is not found, whether the relay serves or not. */
  #assertServes(id: ChunkId): void {
    if (this.#parts.store.has(id)) this.#parts.gate.assertServes(id);
  }

  #publishRead(id: ChunkId, size: number): void {
    this.#parts.events.publish({ type: 'chunk-read', id, relay: this.#parts.identity.id, size });
  }
}
