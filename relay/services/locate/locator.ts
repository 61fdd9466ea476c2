/** Whom to ask for a chunk that is not here, likeliest first. Four ways, from free to dear; each works without the others. */
import { throwIfAborted } from '../../../shared/errors.ts';
import { parseRelayId } from '../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { DHT_ASK_TIMEOUT_MS, NEIGHBOURHOOD, REPLICAS } from '../../../shared/limits.ts';
import { neighbourhood } from '../../../shared/placement/neighbourhood.ts';
import { placementOrder } from '../../../shared/placement/placement.ts';
import { withDeadline } from '../deadline.ts';
import type { DhtNode } from '../dht/dht-node.ts';
import type { Members } from '../dht/members.ts';
import type { Clock, PeerTransport } from '../ports.ts';
import type { PeerRpc } from '../rpc.ts';
import type { Forwarding } from './forwarding.ts';
import { FIND_HOLDERS } from './providers.ts';

/** In the order in which they are tried. */
export const LOCATE_STRATEGIES = ['placement', 'dht', 'broadcast', 'forward'] as const;
export type LocateStrategy = (typeof LOCATE_STRATEGIES)[number];

/** Relays named as holders that nobody here knows, looked up for one chunk: more of them are inventions. */
const MAX_STRANGERS = 3;

export interface LocatorParts {
  readonly members: Members;
  readonly node: Pick<DhtNode, 'membersNear' | 'find'>;
  readonly transport: Pick<PeerTransport, 'queryChunk'>;
  readonly forwarding: Pick<Forwarding, 'find'>;
  readonly rpc: PeerRpc;
  readonly clock: Clock;
  readonly strategies: readonly LocateStrategy[];
}

export class Locator {
  readonly #parts: LocatorParts;

  constructor(parts: LocatorParts) {
    this.#parts = parts;
  }

  /** Members that may hold the chunk, each once, never this relay. Ends by itself. Throws `ABORTED`. */
  async *candidates(id: ChunkId, signal: AbortSignal): AsyncGenerator<RelayId> {
    const { members, node, strategies } = this.#parts;
    const seen = new Set<RelayId>([members.self.id]);
    let strangers = 0;
    for (const strategy of strategies) {
      for await (const relay of this.#ways[strategy](id, signal)) {
        if (seen.has(relay)) continue;
        seen.add(relay);
        if (members.get(relay) === undefined) {
          if (++strangers > MAX_STRANGERS) continue;
          if ((await node.find(relay, signal)) === undefined) continue;
        }
        yield relay;
      }
    }
  }

  readonly #ways: Readonly<
    Record<LocateStrategy, (id: ChunkId, signal: AbortSignal) => AsyncIterable<RelayId> | Iterable<RelayId>>
  > = {
    placement: (id) => this.#byPlacement(id),
    dht: (id, signal) => this.#byDht(id, signal),
    broadcast: (id, signal) => this.#parts.transport.queryChunk(id, signal),
    forward: (id, signal) => this.#byForwarding(id, signal),
  };

  /** Costs no message. */
  #byPlacement(id: ChunkId): RelayId[] {
    return placementOrder(id, this.#parts.members.list())
      .slice(0, NEIGHBOURHOOD)
      .map((member) => member.id);
  }

  /** The relays nearest to the chunk are asked whether they hold it or know who does. */
  async *#byDht(id: ChunkId, signal: AbortSignal): AsyncGenerator<RelayId> {
    const { members, node } = this.#parts;
    const nearest = neighbourhood(id, await node.membersNear(id, signal))
      .map((member) => member.id)
      .filter((relay) => relay !== members.self.id);
    for (let at = 0; at < nearest.length; at += REPLICAS) {
      const asked = nearest.slice(at, at + REPLICAS).map((relay) => this.#askHolders(relay, id, signal));
      for (const holders of await Promise.all(asked)) yield* holders;
    }
  }

  async #askHolders(relay: RelayId, id: ChunkId, signal: AbortSignal): Promise<RelayId[]> {
    const { clock, rpc } = this.#parts;
    try {
      const { holders } = await withDeadline(
        clock,
        DHT_ASK_TIMEOUT_MS,
        'A relay’s answer',
        signal,
        (either) => rpc.call(relay, FIND_HOLDERS, { ids: [id] }, either),
      );
      return (holders[0] ?? []).map(parseRelayId);
    } catch {
      throwIfAborted(signal);
      return [];
    }
  }

  async *#byForwarding(id: ChunkId, signal: AbortSignal): AsyncGenerator<RelayId> {
    let found: RelayId[] = [];
    try {
      found = await this.#parts.forwarding.find(id, signal);
    } catch {
      // Busy: it is the last and dearest way, and the client may try again.
      throwIfAborted(signal);
    }
    yield* found;
  }
}
