/** This relay's chunks as care sees them: never handed on unverified, and fetched anew from another holder when they have rotted. */
import { randomBytes } from 'node:crypto';
import { AppError } from '../../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { MAX_HEALING_CHUNKS, NEIGHBOURHOOD, NONCE_BYTES } from '../../../shared/limits.ts';
import { placementOrder } from '../../../shared/placement/placement.ts';
import { isChunk } from '../../storage/chunk-hasher.ts';
import type { ChunkStore } from '../../storage/chunk-store.ts';
import type { EventBus } from '../events.ts';
import type { Log } from '../log.ts';
import type { Membership } from '../membership.ts';
import type { LocalChunks, PeerTransport } from '../ports.ts';
import type { OwnChunk } from './survey.ts';

export interface OwnChunksParts {
  readonly store: Pick<
    ChunkStore,
    'has' | 'header' | 'read' | 'verify' | 'drop' | 'inventory' | 'tombstones' | 'doubtful'
  >;
  readonly local: Pick<LocalChunks, 'store'>;
  readonly transport: PeerTransport;
  readonly membership: Pick<Membership, 'self' | 'list'>;
  readonly events: EventBus;
  readonly log: Log;
  /** A chunk is good again, which others may have made anew meanwhile. */
  readonly onHealed: (id: ChunkId) => void;
  readonly stopped: AbortSignal;
}

export class OwnChunks {
  readonly #parts: OwnChunksParts;
  readonly #rotten = new Set<ChunkId>();
  #healing: Promise<void> = Promise.resolve();

  constructor(parts: OwnChunksParts) {
    this.#parts = parts;
  }

  /** Settles when what has rotted until now has been looked for elsewhere; never rejects. */
  get healed(): Promise<void> {
    return this.#healing;
  }

  has(id: ChunkId): boolean {
    return this.#parts.store.has(id);
  }

  /** Null for what is not held, or not verified yet. */
  find(id: ChunkId): OwnChunk | null {
    const header = this.#parts.store.header(id);
    return header === null ? null : { id, sizeBytes: header.size };
  }

  page(after: string, limit: number): OwnChunk[] {
    const rows = this.#parts.store.inventory(after, limit);
    return rows.map(({ id, size }) => ({ id: id as ChunkId, sizeBytes: size }));
  }

  /**
   * The bytes, which hash to the id. Throws `NOT_FOUND`, and looks for a good copy, when they no longer do; `UNAVAILABLE` for a chunk
   * that may have been deleted while this relay was away.
   */
  async readVerified(id: ChunkId): Promise<Uint8Array> {
    if (this.#parts.store.doubtful.has(id))
      throw new AppError('UNAVAILABLE', 'Nobody knows yet whether the chunk was deleted.');
    const bytes = await this.#parts.store.read(id);
    if (isChunk(id, bytes)) return bytes;
    await this.check(id);
    throw new AppError('NOT_FOUND', 'This relay does not hold the chunk.');
  }

  /** Re-hashes the file of a chunk that is held. False: it has rotted, is out of service, and will be fetched from another holder. */
  async check(id: ChunkId): Promise<boolean> {
    const { store, events } = this.#parts;
    if (!store.has(id) || (await store.verify(id))) return true;
    if (store.tombstones.has(id)) return false;
    events.publish({ type: 'repair-rotten', id });
    if (this.#rotten.size < MAX_HEALING_CHUNKS && !this.#rotten.has(id)) {
      this.#rotten.add(id);
      this.#healing = this.#healing.then(() => this.#heal(id));
    }
    return false;
  }

  /** Gives up this relay's replica; the chunk may come back. */
  async drop(id: ChunkId): Promise<void> {
    await this.#parts.store.drop(id);
    this.#parts.events.publish({ type: 'repair-dropped', id });
  }

  async #heal(id: ChunkId): Promise<void> {
    const { local, membership, events, log, onHealed, stopped } = this.#parts;
    try {
      const order = placementOrder(id, membership.list());
      for (const { id: relay } of order.slice(0, NEIGHBOURHOOD)) {
        if (stopped.aborted) return;
        if (relay === membership.self.id) continue;
        const bytes = await this.#fetch(relay, id);
        if (bytes === null) continue;
        await local.store(id, bytes, randomBytes(NONCE_BYTES).toString('hex'));
        events.publish({ type: 'repair-healed', id });
        onHealed(id);
        return;
      }
      log.warn({}, 'No relay could give a chunk that has rotted here');
    } catch (cause) {
      if (!stopped.aborted) log.warn({ err: cause }, 'A rotten chunk could not be stored anew');
    } finally {
      this.#rotten.delete(id);
    }
  }

  async #fetch(relay: RelayId, id: ChunkId): Promise<Uint8Array | null> {
    const { transport, log, stopped } = this.#parts;
    try {
      const bytes = await transport.getChunk(relay, id, stopped);
      return isChunk(id, bytes) ? bytes : null;
    } catch (cause) {
      log.debug(
        { relay, code: AppError.from(cause).code },
        'A relay did not give a chunk that has rotted here',
      );
      return null;
    }
  }
}
