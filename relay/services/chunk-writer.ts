/** A client's PUT: kept here, or sent on to the relays named, each of which answers for itself. */
import { AppError } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { MAX_CHUNK_BYTES } from '../../shared/limits.ts';
import type { Receipt } from '../../shared/protocol/receipt.ts';
import type { PutAnswer } from '../../shared/protocol/routes.ts';
import { ChunkHasher, tooLarge } from '../storage/chunk-hasher.ts';
import type { EventBus } from './events.ts';
import { Gate } from './gate.ts';
import type { Sender } from './gate.ts';
import type { LocalChunkService } from './local-chunk-service.ts';
import type { Log } from './log.ts';
import type { NegativeCache } from './negative-cache.ts';
import type { PeerTransport } from './ports.ts';
import { checkReceipt } from './receipts.ts';

export interface ChunkWriterParts {
  readonly self: RelayId;
  readonly local: LocalChunkService;
  readonly transport: PeerTransport;
  readonly events: EventBus;
  readonly unknown: NegativeCache;
  readonly log: Log;
  readonly maxConcurrentPuts: number;
}

export interface PutRequest {
  readonly id: ChunkId;
  readonly body: AsyncIterable<Uint8Array>;
  /** Content-Length, if it was sent. */
  readonly sizeHintBytes: number | undefined;
  readonly nonceHex: string;
  /** Relays to hold the chunk; null: this one, whose failure is then the request's. */
  readonly replicateTo: readonly RelayId[] | null;
  /** Who sends it, and how fast; see `GateGuest`. */
  readonly client?: string | undefined;
  readonly sender?: Sender | undefined;
}

type Outcome = { readonly receipt: Receipt } | { readonly relay: RelayId; readonly code: ErrorCode };

export class ChunkWriter {
  readonly #parts: ChunkWriterParts;
  readonly #gate: Gate;

  constructor(parts: ChunkWriterParts) {
    this.#parts = parts;
    this.#gate = new Gate(
      parts.maxConcurrentPuts,
      'This relay takes in as many chunks as it can. Try again soon.',
    );
  }

  /**
   * Throws `RATE_LIMITED`, `HASH_MISMATCH`, `TOO_LARGE`, `BAD_INPUT`, and, where only this relay stores, `NO_SPACE` and `IO`.
   * What single named relays failed with is in the answer.
   */
  put(request: PutRequest, signal: AbortSignal): Promise<PutAnswer> {
    const { client, sender } = request;
    return this.#gate.run(() => this.#put(request, signal), { client, sender });
  }

  async #put(
    { id, body, sizeHintBytes, nonceHex, replicateTo }: PutRequest,
    signal: AbortSignal,
  ): Promise<PutAnswer> {
    if ((sizeHintBytes ?? 0) > MAX_CHUNK_BYTES) throw tooLarge();
    if (replicateTo === null) {
      const receipt = await this.#parts.local.storeStream(id, body, nonceHex, sizeHintBytes);
      return { receipts: [receipt], failed: [] };
    }
    const chunk = await collect(id, body, sizeHintBytes);
    const targets = [...new Set(replicateTo)];
    const outcomes = await Promise.all(
      targets.map((relay) => this.#storeOn(relay, { id, chunk, nonceHex }, signal)),
    );
    return {
      receipts: outcomes.flatMap((outcome) => ('receipt' in outcome ? [outcome.receipt] : [])),
      failed: outcomes.flatMap((outcome) => ('receipt' in outcome ? [] : [outcome])),
    };
  }

  async #storeOn(
    relay: RelayId,
    { id, chunk, nonceHex }: { id: ChunkId; chunk: Uint8Array; nonceHex: string },
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { self, local, transport, events, unknown, log } = this.#parts;
    try {
      if (relay === self) return { receipt: await local.store(id, chunk, nonceHex) };
      const answer = await transport.putChunk(relay, id, chunk, nonceHex, signal);
      const receipt = await checkReceipt(answer, { relay, chunk: id, sizeBytes: chunk.length, nonceHex });
      unknown.forget(id);
      events.publish({ type: 'chunk-stored', id, relay, size: chunk.length });
      return { receipt };
    } catch (cause) {
      const { code } = AppError.from(cause);
      if (code === 'INTERNAL') log.error({ err: cause }, 'Forwarding a chunk failed');
      else log.debug({ relay, code }, 'A relay did not take a chunk');
      return { relay, code };
    }
  }
}

/** The whole body, verified, in one buffer of at most a chunk's size. */
async function collect(
  id: ChunkId,
  body: AsyncIterable<Uint8Array>,
  sizeHintBytes = MAX_CHUNK_BYTES,
): Promise<Uint8Array> {
  const chunk = new Uint8Array(sizeHintBytes);
  const hasher = new ChunkHasher();
  for await (const piece of body) {
    const offset = hasher.sizeBytes;
    hasher.update(piece);
    if (hasher.sizeBytes > chunk.length)
      throw new AppError('BAD_INPUT', 'The body is longer than its Content-Length.');
    chunk.set(piece, offset);
  }
  const { sizeBytes } = hasher.digestFor(id);
  return chunk.subarray(0, sizeBytes);
}
