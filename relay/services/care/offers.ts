/**
 * `care.offer`: before a chunk is sent to be kept, its taker says whether it wants it. A taker reserves what it wants for whoever
 * offered it first, so that two relays never send the same chunk at once. The other method, `care.surplus`, is a hint.
 */
import Type from 'typebox';
import type { Static } from 'typebox';
import { parseChunkId } from '../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import {
  MAX_CHUNK_BYTES,
  MAX_OFFERED_CHUNKS,
  MAX_OFFER_RESERVATIONS,
  MAX_OFFER_RESERVATIONS_PER_RELAY,
  MIN_CHUNK_BYTES,
  OFFER_RESERVATION_MS,
} from '../../../shared/limits.ts';
import { Id } from '../../../shared/protocol/schemas.ts';
import type { EventBus } from '../events.ts';
import type { Clock } from '../ports.ts';
import { rpcMethod } from '../rpc.ts';
import type { RpcRouter } from '../rpc.ts';

/** `busy`: it is coming from somebody else, or too much is on its way already. */
const OfferAnswer = Type.Union([
  Type.Literal('want'),
  Type.Literal('have'),
  Type.Literal('busy'),
  Type.Literal('no-space'),
  Type.Literal('deleted'),
]);
export type OfferAnswer = Static<typeof OfferAnswer>;

export const OFFER_CHUNKS = rpcMethod(
  'care.offer',
  Type.Object({
    chunks: Type.Array(
      Type.Object({ id: Id, size: Type.Integer({ minimum: MIN_CHUNK_BYTES, maximum: MAX_CHUNK_BYTES }) }),
      { maxItems: MAX_OFFERED_CHUNKS },
    ),
  }),
  /** In the order of the offer. */
  Type.Object({ answers: Type.Array(OfferAnswer, { maxItems: MAX_OFFERED_CHUNKS }) }),
);

/** These chunks have more holders than they need, and the one told is the lowest-ranked. It looks for itself. */
export const HINT_SURPLUS = rpcMethod(
  'care.surplus',
  Type.Object({ ids: Type.Array(Id, { maxItems: MAX_OFFERED_CHUNKS }) }),
  Type.Object({}),
);

interface Reservation {
  readonly source: RelayId;
  readonly sizeBytes: number;
  readonly until: number;
}

export interface OfferParts {
  readonly self: RelayId;
  readonly store: {
    has(id: ChunkId): boolean;
    readonly usage: { readonly bytes: number };
    readonly capacityBytes: number;
  };
  readonly isDeleted: (id: ChunkId) => boolean;
  readonly events: EventBus;
  readonly clock: Pick<Clock, 'now'>;
  /** False while this relay leaves. */
  readonly takes: () => boolean;
}

export class OfferDesk {
  readonly #parts: OfferParts;
  /** The oldest first: each lives equally long. */
  readonly #reserved = new Map<ChunkId, Reservation>();
  #reservedBytes = 0;

  constructor(parts: OfferParts) {
    this.#parts = parts;
    parts.events.subscribe((event) => {
      if (event.type === 'chunk-stored' && event.relay === parts.self) this.#release(event.id as ChunkId);
    });
  }

  answerOver(router: RpcRouter): void {
    router.handle(OFFER_CHUNKS, ({ chunks }, from) => ({
      answers: chunks.map(({ id, size }) => this.#answer(parseChunkId(id), size, from)),
    }));
  }

  #answer(id: ChunkId, sizeBytes: number, source: RelayId): OfferAnswer {
    const { store, isDeleted, takes, clock } = this.#parts;
    const now = clock.now();
    this.#expire(now);
    if (!takes()) return 'no-space';
    if (isDeleted(id)) return 'deleted';
    if (store.has(id)) return 'have';
    const known = this.#reserved.get(id);
    if (known !== undefined && known.source !== source) return 'busy';
    this.#release(id);
    if (store.usage.bytes + this.#reservedBytes + sizeBytes > store.capacityBytes) return 'no-space';
    if (this.#reserved.size >= MAX_OFFER_RESERVATIONS) return 'busy';
    if (this.#countOf(source) >= MAX_OFFER_RESERVATIONS_PER_RELAY) return 'busy';
    this.#reserved.set(id, { source, sizeBytes, until: now + OFFER_RESERVATION_MS });
    this.#reservedBytes += sizeBytes;
    return 'want';
  }

  #countOf(source: RelayId): number {
    let count = 0;
    for (const reservation of this.#reserved.values()) if (reservation.source === source) count++;
    return count;
  }

  #expire(now: number): void {
    for (const [id, { until }] of this.#reserved) {
      if (until > now) return;
      this.#release(id);
    }
  }

  #release(id: ChunkId): void {
    const reservation = this.#reserved.get(id);
    if (reservation === undefined) return;
    this.#reserved.delete(id);
    this.#reservedBytes -= reservation.sizeBytes;
  }
}
