/**
 * Spreads what is new in a relay's sets: pushed at once to the mesh neighbours, told by id to the other linked relays, and compared
 * with a peer now and then. Each relay hands on only what was new to it, so that news dies out when everybody has it.
 */
import { AppError } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import {
  GOSSIP_HAVE_DELAY_MS,
  GOSSIP_PUSH_DELAY_MS,
  MAX_GOSSIP_ITEMS,
  MAX_IDS_PER_RPC,
} from '../../../shared/limits.ts';
import type { EventBus } from '../events.ts';
import type { Log } from '../log.ts';
import type { MeshView } from '../mesh/mesh-view.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc, RpcRouter } from '../rpc.ts';
import { AntiEntropy } from './anti-entropy.ts';
import { COMPARE, HAVE, PUSH, WANT, batches, firstBatch } from './gossip-messages.ts';
import type { GossipSet } from './gossip-set.ts';
import { Outbox } from './outbox.ts';
import { PeerBudget } from '../peer-budget.ts';
import { reconcile } from './reconcile.ts';
import { SetDigests } from './set-digests.ts';

export interface GossipOptions {
  readonly mesh: MeshView;
  /** Live relays besides this one. */
  readonly members: () => readonly RelayId[];
  readonly rpc: PeerRpc;
  readonly router: RpcRouter;
  readonly clock: Clock;
  readonly events: EventBus;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Ends everything under way. */
  readonly stopped: AbortSignal;
}

interface Shared {
  readonly set: GossipSet;
  readonly digests: SetDigests;
}

export class Gossip {
  readonly antiEntropy: AntiEntropy;
  readonly #options: GossipOptions;
  readonly #sets = new Map<string, Shared>();
  readonly #budget: PeerBudget;
  readonly #pushes: Outbox;
  readonly #haves: Outbox;

  constructor(options: GossipOptions) {
    this.#options = options;
    const { clock, stopped } = options;
    this.#budget = new PeerBudget(() => clock.now());
    this.antiEntropy = new AntiEntropy({ ...options, round: (peer, signal) => this.#round(peer, signal) });
    const common = { clock, stopped, onLost: (peer: RelayId) => this.antiEntropy.note(peer) };
    this.#pushes = new Outbox({
      ...common,
      delayMs: GOSSIP_PUSH_DELAY_MS,
      batchIds: MAX_GOSSIP_ITEMS,
      send: (peer, set, ids, signal) => this.#push(peer, set, ids, signal),
    });
    this.#haves = new Outbox({
      ...common,
      delayMs: GOSSIP_HAVE_DELAY_MS,
      batchIds: MAX_IDS_PER_RPC,
      send: (peer, set, ids, signal) => this.#tell(peer, set, ids, signal),
    });
    this.#answer();
  }

  /** Shares a set from now on. */
  share(set: GossipSet): void {
    this.#sets.set(set.name, { set, digests: new SetDigests(set) });
  }

  /** Call it once, when the relay is announced. */
  start(): void {
    this.antiEntropy.start(this.#options.stopped);
  }

  /** Hands on what is new here. `from`: the peer that brought it; null: it began here. */
  spread(set: string, ids: readonly string[], from: RelayId | null): void {
    if (ids.length === 0) return;
    const { mesh } = this.#options;
    const neighbours = new Set(mesh.neighbours());
    for (const peer of new Set([...neighbours, ...mesh.linked()])) {
      if (peer !== from) (neighbours.has(peer) ? this.#pushes : this.#haves).add(peer, set, ids);
    }
  }

  #answer(): void {
    const { router } = this.#options;
    router.handle(PUSH, async ({ set: name, items }, from) => {
      this.#budget.spend(from, items.length);
      const { set } = this.#shared(name);
      this.spread(name, await set.add(items, from), from);
      return {};
    });
    router.handle(HAVE, ({ set: name, ids }, from) => {
      this.#budget.spend(from, ids.length);
      const { set } = this.#shared(name);
      return { want: [...new Set(ids)].filter((id) => set.wants(id, from)) };
    });
    router.handle(WANT, ({ set: name, ids }, from) => {
      this.#budget.spend(from, ids.length);
      const { set } = this.#shared(name);
      return { items: [...firstBatch([...new Set(ids)].flatMap((id) => set.get(id) ?? []))] };
    });
    router.handle(COMPARE, async ({ set: name, ranges }, from) => {
      this.#budget.spend(from, ranges.length);
      const { digests } = this.#shared(name);
      const differ = [];
      for (const { prefix, digest } of ranges) {
        if ((await digests.digest(prefix)) === digest) continue;
        const ids = digests.leaf(prefix);
        differ.push(
          ids === null ? { prefix, parts: await digests.parts(prefix) } : { prefix, ids: [...ids] },
        );
      }
      return { differ };
    });
  }

  #shared(name: string): Shared {
    const shared = this.#sets.get(name);
    if (shared === undefined) throw new AppError('UNSUPPORTED', 'This relay does not share such a set.');
    return shared;
  }

  async #push(peer: RelayId, name: string, ids: readonly string[], signal: AbortSignal): Promise<void> {
    const { set } = this.#shared(name);
    for (const items of batches(ids.flatMap((id) => set.get(id) ?? []))) {
      await this.#options.rpc.call(peer, PUSH, { set: name, items: [...items] }, signal);
    }
  }

  async #tell(peer: RelayId, name: string, ids: readonly string[], signal: AbortSignal): Promise<void> {
    const { want } = await this.#options.rpc.call(peer, HAVE, { set: name, ids: [...ids] }, signal);
    const told = new Set(ids);
    await this.#push(
      peer,
      name,
      [...new Set(want)].filter((id) => told.has(id)),
      signal,
    );
  }

  async #round(peer: RelayId, signal: AbortSignal): Promise<void> {
    const { rpc, clock } = this.#options;
    for (const { set, digests } of this.#sets.values()) {
      const onNews = (ids: readonly string[]): void => this.spread(set.name, ids, peer);
      await reconcile({ set, digests, peer, rpc, clock, onNews, signal });
    }
  }
}
