/** A client's GET: from here, from the holder that it names, or from wherever the swarm has the chunk. Nothing is kept. */
import type { Readable } from 'node:stream';
import { AppError } from '../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { isChunk } from '../storage/chunk-hasher.ts';
import type { EventBus } from './events.ts';
import { Gate } from './gate.ts';
import { firstGood } from './hedge.ts';
import type { LocalChunkService } from './local-chunk-service.ts';
import type { Locator } from './locate/locator.ts';
import type { NegativeCache } from './negative-cache.ts';
import type { PeerDirectory } from './peer-directory.ts';
import type { Clock, PeerTransport } from './ports.ts';

export interface ChunkReaderParts {
  readonly directory: Pick<PeerDirectory, 'self'>;
  readonly locator: Pick<Locator, 'candidates'>;
  readonly local: LocalChunkService;
  readonly transport: PeerTransport;
  readonly events: EventBus;
  readonly unknown: NegativeCache;
  readonly clock: Clock;
  readonly hedgeMs: number;
  readonly maxConcurrentProxiedGets: number;
}

export interface GetRequest {
  readonly id: ChunkId;
  readonly localOnly: boolean;
  /** The only relay to ask; null: any. */
  readonly holder: RelayId | null;
  /** Who asks, and until when the answer is in memory; see `GateGuest`. */
  readonly client?: string | undefined;
  readonly written?: Promise<unknown> | undefined;
}

export interface FoundChunk {
  readonly sizeBytes: number;
  /** A stream has to be read to its end or destroyed. */
  readonly body: Readable | Uint8Array;
}

export class ChunkReader {
  readonly #parts: ChunkReaderParts;
  readonly #gate: Gate;

  constructor(parts: ChunkReaderParts) {
    this.#parts = parts;
    this.#gate = new Gate(
      parts.maxConcurrentProxiedGets,
      'This relay fetches as many chunks from others as it can. Try again soon.',
    );
  }

  /**
   * The chunk's bytes. What comes through locate is verified; what comes from here or from a named holder is not: the client does.
   * Throws `NOT_FOUND`, `DELETED`, `UNAVAILABLE`, `RATE_LIMITED`, and for a named holder what asking it threw.
   */
  async get(request: GetRequest, signal: AbortSignal): Promise<FoundChunk> {
    const { id } = request;
    if (this.#isRemote(request)) return asFound(await this.#fetchFrom(request.holder, request, signal));
    try {
      const { sizeBytes, stream } = await this.#parts.local.openStream(id);
      return { sizeBytes, body: stream };
    } catch (error) {
      if (!mayLocate(request, error)) throw error;
      return asFound(await this.#elsewhere(request, error, signal));
    }
  }

  /** Bytes of the chunk, without reading it where it lies here. Throws as `get`. */
  async sizeOf(request: GetRequest, signal: AbortSignal): Promise<number> {
    const { id } = request;
    if (this.#isRemote(request)) return (await this.#fetchFrom(request.holder, request, signal)).length;
    try {
      const sizeBytes = await this.#parts.local.sizeOf(id);
      if (sizeBytes !== null) return sizeBytes;
      throw new AppError('NOT_FOUND', 'This relay does not hold the chunk.');
    } catch (error) {
      if (!mayLocate(request, error)) throw error;
      return (await this.#elsewhere(request, error, signal)).length;
    }
  }

  #isRemote(request: GetRequest): request is GetRequest & { holder: RelayId } {
    return !request.localOnly && request.holder !== null && request.holder !== this.#parts.directory.self.id;
  }

  #fetchFrom(holder: RelayId, request: GetRequest, signal: AbortSignal): Promise<Uint8Array> {
    const { transport, events } = this.#parts;
    const { id } = request;
    return this.#gate.run(async () => {
      const bytes = await transport.getChunk(holder, id, signal);
      events.publish({ type: 'chunk-read', id, relay: holder, size: bytes.length });
      return bytes;
    }, request);
  }

  /** From another relay. A chunk that lies here and may not be given out yet is unavailable, not unknown, when no other has it. */
  async #elsewhere(request: GetRequest, reason: unknown, signal: AbortSignal): Promise<Uint8Array> {
    try {
      return await this.#locate(request, signal);
    } catch (error) {
      const isHere = AppError.from(reason).code === 'UNAVAILABLE';
      throw isHere && AppError.from(error).code === 'NOT_FOUND' ? reason : error;
    }
  }

  async #locate(request: GetRequest, signal: AbortSignal): Promise<Uint8Array> {
    const { id } = request;
    const { unknown, transport, events, clock, hedgeMs, locator } = this.#parts;
    const absent = new AppError('NOT_FOUND', 'No relay that can be reached holds the chunk.');
    if (unknown.has(id)) throw absent;
    const silent = new Set<RelayId>();
    const ask = async (relay: RelayId, attempt: AbortSignal): Promise<Uint8Array | null> => {
      try {
        const bytes = await transport.getChunk(relay, id, attempt);
        if (!isChunk(id, bytes)) return null;
        events.publish({ type: 'chunk-read', id, relay, size: bytes.length });
        return bytes;
      } catch (cause) {
        if (AppError.from(cause).code !== 'NOT_FOUND') silent.add(relay);
        return null;
      }
    };
    const found = await this.#gate.run(
      () => firstGood((search) => locator.candidates(id, search), ask, { hedgeMs, clock, signal }),
      request,
    );
    if (found !== null) return found;
    // A relay that could not be asked may have it after all.
    if (silent.size === 0) unknown.add(id);
    throw absent;
  }
}

function mayLocate(request: GetRequest, error: unknown): boolean {
  const { code } = AppError.from(error);
  return !request.localOnly && request.holder === null && (code === 'NOT_FOUND' || code === 'UNAVAILABLE');
}

function asFound(bytes: Uint8Array): FoundChunk {
  return { sizeBytes: bytes.length, body: bytes };
}
