/** The asking side of `lanvault/chunk/1`: PUT and GET to the relay at the other end of one link. */
import type { Bytes } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import type { ChunkId } from '../../shared/ids.ts';
import {
  LINK_BODY_BYTES,
  LINK_REQUEST_TIMEOUT_MS,
  MAX_CHUNK_BYTES,
  MAX_REQUESTS_PER_LINK,
} from '../../shared/limits.ts';
import type { Receipt } from '../../shared/protocol/receipt.ts';
import type { Clock } from '../services/ports.ts';
import type { BodyMessage, FailedMessage, FoundMessage, StoredMessage } from './chunk-messages.ts';
import type { ChunkWire } from './chunk-wire.ts';
import { withDeadline } from '../services/deadline.ts';
import type { SendTurns } from './send-turns.ts';
import { Slots } from './slots.ts';

interface PendingPut {
  readonly kind: 'put';
  readonly answer: PromiseWithResolvers<Receipt>;
}
interface PendingGet {
  readonly kind: 'get';
  readonly answer: PromiseWithResolvers<Bytes>;
  bytes: Bytes | undefined;
  receivedBytes: number;
}
type Pending = PendingPut | PendingGet;

export class ChunkAsker {
  readonly #wire: ChunkWire;
  readonly #turns: SendTurns;
  readonly #clock: Clock;
  /** Fires when the link is lost, with why. */
  readonly #closed: AbortSignal;
  readonly #pending = new Map<number, Pending>();
  readonly #slots = new Slots(MAX_REQUESTS_PER_LINK);
  #lastRequestId = 0;

  constructor(wire: ChunkWire, turns: SendTurns, clock: Clock, closed: AbortSignal) {
    this.#wire = wire;
    this.#turns = turns;
    this.#clock = clock;
    this.#closed = closed;
  }

  /** Requests under way. */
  get active(): number {
    return this.#slots.taken;
  }

  /** Sends a whole chunk and gives the receipt as it came. Throws the peer's error, UNAVAILABLE, TIMEOUT or ABORTED. */
  put(id: ChunkId, chunk: Uint8Array, nonceHex: string, signal: AbortSignal): Promise<Receipt> {
    const answer = Promise.withResolvers<Receipt>();
    return this.#ask({ kind: 'put', answer }, answer.promise, signal, async (requestId, stop) => {
      this.#wire.put({ requestId, id, sizeBytes: chunk.length, nonceHex });
      for (let start = 0; start < chunk.length; start += LINK_BODY_BYTES) {
        await this.#turns.wait(stop);
        this.#wire.putBody({ requestId, bytes: chunk.subarray(start, start + LINK_BODY_BYTES) });
        this.#turns.next();
      }
    });
  }

  /** A chunk's bytes from the peer's own storage, not verified. Throws as `put`, and NOT_FOUND. */
  get(id: ChunkId, signal: AbortSignal): Promise<Bytes> {
    const answer = Promise.withResolvers<Bytes>();
    const pending: PendingGet = { kind: 'get', answer, bytes: undefined, receivedBytes: 0 };
    return this.#ask(pending, answer.promise, signal, (requestId) => {
      this.#wire.get({ requestId, id });
      return Promise.resolve();
    });
  }

  async #ask<T>(
    pending: Pending,
    answer: Promise<T>,
    signal: AbortSignal,
    send: (requestId: number, stop: AbortSignal) => Promise<void>,
  ): Promise<T> {
    const either = AbortSignal.any([signal, this.#closed]);
    const release = await this.#slots.acquire(either);
    const requestId = ++this.#lastRequestId;
    const finished = new AbortController();
    this.#pending.set(requestId, pending);
    try {
      return await withDeadline(
        this.#clock,
        LINK_REQUEST_TIMEOUT_MS,
        'A relay’s answer',
        either,
        (deadline) => {
          // An early refusal ends the sending; whatever else ends it rejects the request as well.
          void send(requestId, AbortSignal.any([deadline, finished.signal])).catch(pending.answer.reject);
          return answer;
        },
      );
    } finally {
      finished.abort('over');
      if (this.#pending.delete(requestId)) this.#wire.cancel({ requestId });
      release();
    }
  }

  onStored({ requestId, receipt }: StoredMessage): void {
    const pending = this.#expect(requestId, 'put');
    if (pending === undefined) return;
    this.#pending.delete(requestId);
    pending.answer.resolve(receipt);
  }

  onFound({ requestId, sizeBytes }: FoundMessage): void {
    const pending = this.#expect(requestId, 'get');
    if (pending === undefined) return;
    if (pending.bytes !== undefined || sizeBytes > MAX_CHUNK_BYTES) throw unexpected();
    pending.bytes = new Uint8Array(sizeBytes);
    this.#resolveWhenWhole(requestId, pending, pending.bytes);
  }

  onFoundBody({ requestId, bytes }: BodyMessage): void {
    const pending = this.#expect(requestId, 'get');
    if (pending === undefined) return;
    if (pending.bytes === undefined || pending.receivedBytes + bytes.length > pending.bytes.length)
      throw unexpected();
    pending.bytes.set(bytes, pending.receivedBytes);
    pending.receivedBytes += bytes.length;
    this.#resolveWhenWhole(requestId, pending, pending.bytes);
  }

  onFailed({ requestId, error }: FailedMessage): void {
    const pending = this.#known(requestId);
    if (pending === undefined) return;
    this.#pending.delete(requestId);
    pending.answer.reject(error);
  }

  #resolveWhenWhole(requestId: number, pending: PendingGet, bytes: Bytes): void {
    if (pending.receivedBytes < bytes.length) return;
    this.#pending.delete(requestId);
    pending.answer.resolve(bytes);
  }

  /** Undefined for a request that has ended here: its answer crossed our CANCEL. Throws for one that never was. */
  #known(requestId: number): Pending | undefined {
    if (requestId === 0 || requestId > this.#lastRequestId) throw unexpected();
    return this.#pending.get(requestId);
  }

  #expect<K extends Pending['kind']>(requestId: number, kind: K): Extract<Pending, { kind: K }> | undefined {
    const pending = this.#known(requestId);
    if (pending === undefined) return undefined;
    if (pending.kind !== kind) throw unexpected();
    return pending as Extract<Pending, { kind: K }>;
  }
}

function unexpected(): AppError {
  return new AppError('BAD_INPUT', 'The peer answered out of turn.');
}
