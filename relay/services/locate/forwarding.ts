/**
 * Finding a chunk by asking around: each relay that does not have it asks its mesh neighbours, up to `MAX_FORWARD_HOPS` away, in
 * bounded time and number.
 */
import { randomBytes } from 'node:crypto';
import Type from 'typebox';
import { throwIfAborted } from '../../../shared/errors.ts';
import { parseChunkId, parseRelayId } from '../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import {
  FORWARDS_PER_SECOND,
  FORWARD_HOP_TIMEOUT_MS,
  MAX_FORWARDS,
  MAX_FORWARD_HOPS,
  MAX_HOLDER_HINTS,
  MAX_SEEN_QUERIES,
} from '../../../shared/limits.ts';
import { Hex, Id } from '../../../shared/protocol/schemas.ts';
import { withDeadline } from '../deadline.ts';
import { Gate } from '../gate.ts';
import { PeerBudget } from '../peer-budget.ts';
import type { MeshView } from '../mesh/mesh-view.ts';
import type { Clock } from '../ports.ts';
import { rpcMethod } from '../rpc.ts';
import type { PeerRpc, RpcRouter } from '../rpc.ts';

const QUERY_BYTES = 16;

/** `hops`: how far the question may travel on from the relay that is asked. Answer: relays that say they hold the chunk. */
const FORWARD = rpcMethod(
  'locate.forward',
  Type.Object({
    id: Id,
    query: Hex(QUERY_BYTES),
    hops: Type.Integer({ minimum: 0, maximum: MAX_FORWARD_HOPS - 1 }),
  }),
  Type.Object({ relays: Type.Array(Id, { maxItems: MAX_HOLDER_HINTS }) }),
);

export interface ForwardingParts {
  readonly self: RelayId;
  readonly mesh: Pick<MeshView, 'neighbours'>;
  readonly has: (id: ChunkId) => boolean;
  readonly rpc: PeerRpc;
  readonly router: RpcRouter;
  readonly clock: Clock;
}

interface Question {
  readonly id: ChunkId;
  readonly query: string;
  /** How far it may travel from here. */
  readonly hops: number;
}

export class Forwarding {
  readonly #parts: ForwardingParts;
  readonly #gate = new Gate(
    MAX_FORWARDS,
    'This relay asks around for as many chunks as it can. Try again soon.',
  );
  readonly #budget: PeerBudget;
  /** Questions that have been here and how far they could travel on, oldest first. */
  readonly #seen = new Map<string, number>();

  constructor(parts: ForwardingParts) {
    this.#parts = parts;
    const share = { perSecond: FORWARDS_PER_SECOND, burst: FORWARDS_PER_SECOND };
    this.#budget = new PeerBudget(() => parts.clock.now(), share);
    parts.router.handle(FORWARD, async ({ id, query, hops }, from, signal) => {
      this.#budget.spend(from, 1);
      const question = { id: parseChunkId(id), query, hops };
      return { relays: await this.#answer(question, from, signal) };
    });
  }

  /** Relays that are said to hold the chunk; empty when nobody within reach does. Throws `RATE_LIMITED`, `ABORTED`. */
  find(id: ChunkId, signal: AbortSignal): Promise<RelayId[]> {
    const { self } = this.#parts;
    this.#budget.spend(self, 1);
    const query = randomBytes(QUERY_BYTES).toString('hex');
    this.#remember(query, MAX_FORWARD_HOPS);
    return this.#gate.run(() => this.#ask({ id, query, hops: MAX_FORWARD_HOPS }, self, signal));
  }

  async #answer(question: Question, from: RelayId, signal: AbortSignal): Promise<RelayId[]> {
    // One that came by a detour first is passed on again when it can travel farther.
    if ((this.#seen.get(question.query) ?? -1) >= question.hops) return [];
    this.#remember(question.query, question.hops);
    const { self, has } = this.#parts;
    if (has(question.id)) return [self];
    if (question.hops === 0) return [];
    return this.#gate.run(() => this.#ask(question, from, signal));
  }

  /** The first answer of a neighbour that names somebody. */
  async #ask({ id, query, hops }: Question, from: RelayId, signal: AbortSignal): Promise<RelayId[]> {
    const { mesh, rpc, clock } = this.#parts;
    const neighbours = mesh.neighbours().filter((neighbour) => neighbour !== from);
    const won = new AbortController();
    const either = AbortSignal.any([signal, won.signal]);
    const ask = async (neighbour: RelayId, until: AbortSignal): Promise<RelayId[]> => {
      const { relays } = await rpc.call(neighbour, FORWARD, { id, query, hops: hops - 1 }, until);
      if (relays.length === 0) throw new Error('nobody');
      return relays.map(parseRelayId);
    };
    try {
      // Begun in there only: where the signal has fired already, nobody would wait for their failures, and that ends the process.
      return await withDeadline(clock, hops * FORWARD_HOP_TIMEOUT_MS, 'Asking around', either, (until) =>
        Promise.any(neighbours.map((neighbour) => ask(neighbour, until))),
      );
    } catch {
      throwIfAborted(signal);
      return [];
    } finally {
      won.abort();
    }
  }

  #remember(query: string, hops: number): void {
    this.#seen.set(query, hops);
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MAX_SEEN_QUERIES && oldest !== undefined) this.#seen.delete(oldest);
  }
}
