/** The answering side of `lanvault/chunk/1`: serves this relay's own storage to the other end of one link. */
import type { Bytes } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import type { ChunkId } from '../../shared/ids.ts';
import {
  LINK_BODY_BYTES,
  LINK_REQUEST_TIMEOUT_MS,
  MAX_ANSWER_BACKLOG,
  MAX_CHUNK_BYTES,
  MAX_REQUESTS_PER_LINK,
  MIN_CHUNK_BYTES,
} from '../../shared/limits.ts';
import type { Clock, LocalChunks } from '../services/ports.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { BodyMessage, CancelMessage, GetMessage, PutMessage } from './chunk-messages.ts';
import type { ChunkWire } from './chunk-wire.ts';
import type { Log } from '../services/log.ts';
import type { SendTurns } from './send-turns.ts';

interface Receiving {
  readonly put: PutMessage;
  readonly bytes: Bytes;
  receivedBytes: number;
}

interface Request {
  /** Fires when the asker cancels, the link is lost, or the request takes too long. */
  readonly stop: AbortController;
  /** Set while a PUT's body is still coming in. */
  receiving: Receiving | undefined;
  readonly reservedBytes: number;
}

export interface ChunkAnswererOptions {
  readonly wire: ChunkWire;
  readonly turns: SendTurns;
  readonly chunks: LocalChunks;
  readonly budget: ByteBudget;
  readonly clock: Clock;
  readonly log: Log;
}

export class ChunkAnswerer {
  readonly #options: ChunkAnswererOptions;
  readonly #requests = new Map<number, Request>();
  #lastRequestId = 0;
  /** Answers written since the stream was last empty: those that nobody reads stay in memory. */
  #backlog = 0;
  #closed = false;

  constructor(options: ChunkAnswererOptions) {
    this.#options = options;
  }

  get active(): number {
    return this.#requests.size;
  }

  /** Requests seen so far. */
  get received(): number {
    return this.#lastRequestId;
  }

  onPut(put: PutMessage): void {
    if (put.sizeBytes > MAX_CHUNK_BYTES) {
      this.#refuse(put, 'TOO_LARGE', 'A chunk is at most 1 MiB and its frame.');
      return;
    }
    if (put.sizeBytes < MIN_CHUNK_BYTES) {
      this.#refuse(put, 'BAD_INPUT', 'Too small for a chunk.');
      return;
    }
    const request = this.#admit(put.requestId, put.sizeBytes);
    if (request === undefined) return;
    request.receiving = { put, bytes: new Uint8Array(put.sizeBytes), receivedBytes: 0 };
  }

  onPutBody({ requestId, bytes }: BodyMessage): void {
    if (requestId > this.#lastRequestId) throw outOfTurn();
    const request = this.#requests.get(requestId);
    // Refused or cancelled meanwhile: its frames were under way already.
    if (request === undefined) return;
    const { receiving } = request;
    if (receiving === undefined || receiving.receivedBytes + bytes.length > receiving.bytes.length)
      throw outOfTurn();
    receiving.bytes.set(bytes, receiving.receivedBytes);
    receiving.receivedBytes += bytes.length;
    if (receiving.receivedBytes < receiving.bytes.length) return;
    request.receiving = undefined;
    void this.#answer(requestId, request, () =>
      this.#store(receiving.put, receiving.bytes, request.stop.signal),
    );
  }

  onGet({ requestId, id }: GetMessage): void {
    const request = this.#admit(requestId, MAX_CHUNK_BYTES);
    if (request === undefined) return;
    void this.#answer(requestId, request, () => this.#send(requestId, id, request.stop.signal));
  }

  onCancel({ requestId }: CancelMessage): void {
    if (requestId > this.#lastRequestId) throw outOfTurn();
    const request = this.#requests.get(requestId);
    if (request === undefined) return;
    request.stop.abort();
    if (request.receiving !== undefined) this.#end(requestId, request);
  }

  /** The stream has passed on all that was written. */
  onDrain(): void {
    this.#backlog = 0;
  }

  /** The link is lost: drops what is under way. A store that has begun still ends. */
  close(): void {
    this.#closed = true;
    for (const [requestId, request] of this.#requests) {
      request.stop.abort();
      if (request.receiving !== undefined) this.#end(requestId, request);
    }
  }

  /** Registers a request, or refuses it and gives nothing. */
  #admit(requestId: number, reservedBytes: number): Request | undefined {
    this.#checkNew(requestId);
    if (this.#requests.size >= MAX_REQUESTS_PER_LINK || !this.#options.budget.tryReserve(reservedBytes)) {
      this.#fail(requestId, new AppError('RATE_LIMITED', 'The relay is busy: try again soon.'));
      return undefined;
    }
    const request: Request = { stop: new AbortController(), receiving: undefined, reservedBytes };
    this.#requests.set(requestId, request);
    this.#options.clock.sleep(LINK_REQUEST_TIMEOUT_MS, request.stop.signal).then(
      () => this.#timeOut(requestId, request),
      () => undefined,
    );
    return request;
  }

  /** Request ids count up, so that frames of an ended request are told from nonsense. */
  #checkNew(requestId: number): void {
    if (requestId <= this.#lastRequestId) throw outOfTurn();
    if (this.#backlog >= MAX_ANSWER_BACKLOG) {
      throw new AppError('RATE_LIMITED', 'The peer asks on without reading its answers.');
    }
    this.#lastRequestId = requestId;
  }

  #refuse({ requestId }: PutMessage, code: 'TOO_LARGE' | 'BAD_INPUT', message: string): void {
    this.#checkNew(requestId);
    this.#fail(requestId, new AppError(code, message));
  }

  #timeOut(requestId: number, request: Request): void {
    request.stop.abort();
    this.#fail(requestId, new AppError('TIMEOUT', 'The request took too long.'));
    if (request.receiving !== undefined) this.#end(requestId, request);
  }

  async #answer(requestId: number, request: Request, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      if (!request.stop.signal.aborted) this.#fail(requestId, this.#publicError(cause));
    } finally {
      this.#end(requestId, request);
    }
  }

  async #store(put: PutMessage, bytes: Bytes, stop: AbortSignal): Promise<void> {
    const receipt = await this.#options.chunks.store(put.id, bytes, put.nonceHex);
    if (!stop.aborted) this.#count(this.#options.wire.stored({ requestId: put.requestId, receipt }));
  }

  async #send(requestId: number, id: ChunkId, stop: AbortSignal): Promise<void> {
    const { chunks, wire, turns } = this.#options;
    const chunk = await chunks.read(id);
    if (chunk.length > MAX_CHUNK_BYTES) throw new AppError('CORRUPT', 'The stored chunk is too long.');
    if (stop.aborted) return;
    this.#count(wire.found({ requestId, sizeBytes: chunk.length }));
    for (let start = 0; start < chunk.length; start += LINK_BODY_BYTES) {
      await turns.wait(stop);
      wire.foundBody({ requestId, bytes: chunk.subarray(start, start + LINK_BODY_BYTES) });
      turns.next();
    }
  }

  #end(requestId: number, request: Request): void {
    if (!this.#requests.delete(requestId)) return;
    request.stop.abort();
    this.#options.budget.release(request.reservedBytes);
  }

  #fail(requestId: number, error: AppError): void {
    if (!this.#closed) this.#count(this.#options.wire.failed({ requestId, error }));
  }

  /** Body frames wait for their turn; other answers are small and do not, so they are counted. */
  #count(streamTakesMore: boolean): void {
    this.#backlog = streamTakesMore ? 0 : this.#backlog + 1;
  }

  /** What the peer may know: faults of this machine are logged here, not told. */
  #publicError(cause: unknown): AppError {
    const error = AppError.from(cause);
    if (error.code !== 'INTERNAL' && error.code !== 'IO') return error;
    this.#options.log.warn({ err: cause }, 'a request over a link failed');
    return new AppError(error.code, 'The relay could not do this.');
  }
}

function outOfTurn(): AppError {
  return new AppError('BAD_INPUT', 'The peer asked out of turn.');
}
