import { AppError, abortError } from '../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { QUERY_CHUNK_TIMEOUT_MS } from '../../shared/limits.ts';
import type { Receipt } from '../../shared/protocol/receipt.ts';
import type { Membership } from '../services/membership.ts';
import type { Clock, PeerTransport } from '../services/ports.ts';
import type { Discovery } from './discovery.ts';
import type { Link } from './link.ts';
import type { LinkPool } from './link-pool.ts';

export interface LinkTransportOptions {
  readonly clock: Clock;
  readonly pool: LinkPool;
  readonly membership: Membership;
  /** Undefined while discovery is off. */
  readonly discovery: () => Discovery | undefined;
}

/** Chunks to and from other relays, over links that are opened when needed. */
export class LinkTransport implements PeerTransport {
  readonly #options: LinkTransportOptions;

  constructor(options: LinkTransportOptions) {
    this.#options = options;
  }

  putChunk(
    to: RelayId,
    id: ChunkId,
    chunk: Uint8Array,
    nonceHex: string,
    signal: AbortSignal,
  ): Promise<Receipt> {
    return this.#request(to, signal, (link) => link.chunks.put(id, chunk, nonceHex, signal));
  }

  getChunk(from: RelayId, id: ChunkId, signal: AbortSignal): Promise<Uint8Array> {
    return this.#request(from, signal, (link) => link.chunks.get(id, signal));
  }

  async *queryChunk(id: ChunkId, signal: AbortSignal): AsyncIterable<RelayId> {
    const discovery = this.#options.discovery();
    if (discovery === undefined || signal.aborted) return;
    const over = new AbortController();
    const ended = AbortSignal.any([signal, over.signal]);
    const answers: RelayId[] = [];
    const seen = new Set<RelayId>();
    let news = Promise.withResolvers<undefined>();
    ended.addEventListener('abort', () => news.resolve(undefined), { once: true });
    void this.#options.clock.sleep(QUERY_CHUNK_TIMEOUT_MS, ended).then(
      () => over.abort(),
      () => undefined,
    );
    const onAnswer = (relay: RelayId): void => {
      // A datagram proves nothing: only relays that a link has proven are worth asking, and each once.
      if (seen.has(relay) || relay === this.#options.membership.self.id) return;
      if (this.#options.membership.get(relay) === undefined) return;
      seen.add(relay);
      answers.push(relay);
      news.resolve(undefined);
    };
    try {
      discovery.query(id, onAnswer, ended);
      while (!ended.aborted) {
        await news.promise;
        news = Promise.withResolvers<undefined>();
        yield* answers.splice(0);
      }
    } finally {
      over.abort();
    }
  }

  /** PUT and GET may be repeated: a link that was open before may just have been closed as idle by the other end. */
  async #request<T>(to: RelayId, signal: AbortSignal, run: (link: Link) => Promise<T>): Promise<T> {
    const reused = this.#options.pool.peek(to);
    try {
      return await run(await this.#options.pool.get(to, signal));
    } catch (cause) {
      if (signal.aborted) throw abortError(signal);
      if (reused === undefined || AppError.from(cause) !== reused.closed.reason) throw AppError.from(cause);
      return await run(await this.#options.pool.get(to, signal));
    }
  }
}
