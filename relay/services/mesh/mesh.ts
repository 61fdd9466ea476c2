/**
 * The gossip mesh: few neighbours for each relay, the same ones seen from both ends, in a graph that is connected for certain.
 * Each relay asks its successor on the ring of live ids, and one relay of its own choice, to be neighbours; whoever asked keeps
 * asking now and then, and whoever was asked gives up a neighbour that does not. A link that is lost is noticed at once.
 */
import { AppError } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import {
  MAX_GRAFTS_PER_TURN,
  MESH_AWAY_MS,
  MESH_LEASE_MS,
  MESH_LOSS_PATIENCE_MS,
  MESH_MIN_NEIGHBOURS,
  MESH_RENEW_MS,
  MESH_RPC_TIMEOUT_MS,
  MESH_TURN_MS,
} from '../../../shared/limits.ts';
import type { RelayReport } from '../../../shared/protocol/topology.ts';
import { withDeadline } from '../deadline.ts';
import type { EventBus } from '../events.ts';
import type { Log } from '../log.ts';
import type { Membership } from '../membership.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc, RpcRouter } from '../rpc.ts';
import type { LinkKeeper } from './link-keeper.ts';
import { GRAFT, NEIGHBOURS, PRUNE } from './mesh-rpc.ts';
import type { MeshView } from './mesh-view.ts';
import { NeighbourTable, pick } from './neighbour-table.ts';
import { ringPlace } from './ring.ts';
import type { RingPlace } from './ring.ts';
import { SpareLinks } from './spare-links.ts';

export interface MeshOptions {
  readonly membership: Pick<Membership, 'self' | 'list' | 'get'>;
  readonly links: LinkKeeper;
  readonly rpc: PeerRpc;
  readonly router: RpcRouter;
  readonly clock: Clock;
  readonly events: EventBus;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** What this relay tells of itself to whoever draws the swarm. */
  readonly report: () => Promise<RelayReport>;
}

export class Mesh implements MeshView {
  readonly #options: MeshOptions;
  readonly #table = new NeighbourTable();
  readonly #spares: SpareLinks;
  /** Relays that did not answer though they count as live, and until when they are passed over. */
  readonly #away = new Map<RelayId, number>();
  /** Grafts asked for whose answer is awaited, and whether the peer has ended them already. */
  readonly #asking = new Map<RelayId, { pruned: boolean }>();
  #stopped: AbortSignal | undefined;
  #turn: Promise<void> | undefined;
  #turnAgain = false;

  constructor(options: MeshOptions) {
    this.#options = options;
    const { links, random, router, report } = options;
    this.#spares = new SpareLinks(links, random);
    router.handle(GRAFT, ({ needy }, from) => ({ accepted: this.#onGraft(from, needy) }));
    router.handle(PRUNE, (_params, from) => {
      this.#onPrune(from);
      return {};
    });
    router.handle(NEIGHBOURS, async () => ({
      neighbours: this.neighbours(),
      report: await report(),
    }));
  }

  neighbours(): RelayId[] {
    return this.#table.ids();
  }

  linked(): readonly RelayId[] {
    return this.#options.links.linked();
  }

  /** Call it once, when the relay is announced. Ends when the signal fires. */
  start(stopped: AbortSignal): void {
    this.#stopped = stopped;
    this.#options.links.onLost((id) => this.#onLost(id, stopped), stopped);
    void this.#run(stopped);
  }

  async #run(stopped: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    // Relays that start together must not all act at the same moment.
    let delayMs = MESH_TURN_MS * random();
    while (!stopped.aborted) {
      // Rejects when the signal fires, which ends the loop.
      await clock.sleep(delayMs, stopped).catch(() => undefined);
      await this.#takeTurn(stopped);
      delayMs = MESH_TURN_MS * (0.75 + 0.5 * random());
    }
  }

  /** One turn at a time; whoever asks meanwhile gets another one after it. */
  #takeTurn(stopped: AbortSignal): Promise<void> {
    if (this.#turn !== undefined) {
      this.#turnAgain = true;
      return this.#turn;
    }
    this.#turn = this.#turns(stopped).finally(() => {
      this.#turn = undefined;
    });
    return this.#turn;
  }

  async #turns(stopped: AbortSignal): Promise<void> {
    do {
      this.#dropAbsent();
      await this.#renew(stopped);
      await this.#fill(stopped);
      this.#trim();
      if (!stopped.aborted) this.#spares.tend(this.neighbours(), this.#reachable(), stopped);
    } while (this.#anotherTurn() && !stopped.aborted);
  }

  /** Whether one was asked for meanwhile. */
  #anotherTurn(): boolean {
    const wanted = this.#turnAgain;
    this.#turnAgain = false;
    return wanted;
  }

  /** Those that membership no longer counts as alive, and guests that do not confirm. */
  #dropAbsent(): void {
    const { membership, clock } = this.#options;
    const now = clock.now();
    for (const [id, until] of this.#away) if (until <= now) this.#away.delete(id);
    for (const [id, { confirmedAt }] of [...this.#table.entries()]) {
      const isAlive = membership.get(id)?.state === 'alive';
      if (!isAlive || now - confirmedAt > MESH_LEASE_MS) this.#part(id);
    }
  }

  /** Asks again those that this relay chose. */
  async #renew(stopped: AbortSignal): Promise<void> {
    const now = this.#options.clock.now();
    const due = [...this.#table.entries()].filter(
      ([, { mine, confirmedAt }]) => mine && now - confirmedAt >= MESH_RENEW_MS,
    );
    await Promise.all(due.map(([id]) => this.#ask(id, stopped)));
  }

  async #fill(stopped: AbortSignal): Promise<void> {
    const tried = new Set<RelayId>();
    while (tried.size < MAX_GRAFTS_PER_TURN && !stopped.aborted) {
      const target = this.#nextTarget(tried);
      if (target === undefined) return;
      tried.add(target);
      await this.#ask(target, stopped);
      this.#trim();
    }
  }

  #nextTarget(tried: ReadonlySet<RelayId>): RelayId | undefined {
    const ring = this.#ring();
    const { successor } = ring;
    if (successor !== undefined && !this.#table.has(successor) && !tried.has(successor)) return successor;
    if (!this.#table.wantsMore(ring)) return undefined;
    const others = this.#reachable().filter((id) => !this.#table.has(id) && !tried.has(id));
    return pick(others, this.#options.random());
  }

  /** Asks a relay to be, or stay, a neighbour, and takes note of the answer. */
  async #ask(id: RelayId, stopped: AbortSignal): Promise<void> {
    const { rpc, clock, log, links } = this.#options;
    const asked = { pruned: false };
    this.#asking.set(id, asked);
    const needy = this.#table.size < MESH_MIN_NEIGHBOURS;
    try {
      const { accepted } = await withDeadline(clock, MESH_RPC_TIMEOUT_MS, 'A graft', stopped, (signal) =>
        rpc.call(id, GRAFT, { needy }, signal),
      );
      if (!accepted) this.#remove(id);
      else if (!asked.pruned && links.linked().includes(id)) this.#add(id, true);
    } catch (cause) {
      if (stopped.aborted) return;
      log.debug({ err: cause, relay: id }, 'a relay did not answer a graft');
      this.#away.set(id, clock.now() + MESH_AWAY_MS);
      // It may have accepted, and its answer may be late.
      if (AppError.from(cause).code === 'TIMEOUT') this.#tellPruned(id);
      this.#remove(id);
    } finally {
      this.#asking.delete(id);
    }
  }

  #onGraft(from: RelayId, needy: boolean): boolean {
    if (this.#stopped === undefined || this.#stopped.aborted) return false;
    if (this.#options.membership.get(from) === undefined) return false;
    // It lives, whatever was thought of it.
    this.#away.delete(from);
    if (!this.#table.has(from) && !this.#table.hasRoomFor(from, this.#ring(from), needy)) return false;
    this.#add(from, false);
    this.#trim(from);
    return true;
  }

  #onPrune(from: RelayId): void {
    const asked = this.#asking.get(from);
    if (asked !== undefined) asked.pruned = true;
    this.#remove(from);
  }

  #onLost(id: RelayId, stopped: AbortSignal): void {
    if (!this.#remove(id)) return;
    void this.#replace(id, stopped);
  }

  /** A neighbour is lost with its link: by accident, and then it is soon linked again, or because it died. */
  async #replace(id: RelayId, stopped: AbortSignal): Promise<void> {
    const { clock, links } = this.#options;
    this.#away.set(id, clock.now() + MESH_AWAY_MS);
    await withDeadline(clock, MESH_LOSS_PATIENCE_MS, 'A new link', stopped, (signal) =>
      links.open(id, signal),
    ).then(
      () => this.#away.delete(id),
      () => undefined,
    );
    if (!stopped.aborted) await this.#takeTurn(stopped);
  }

  /** Others take the places of those that are too many. `spared` has just come. */
  #trim(spared?: RelayId): void {
    const ring = this.#ring(spared);
    for (;;) {
      const id = this.#table.excess(ring, this.#options.random());
      if (id === undefined || id === spared) return;
      this.#part(id);
    }
  }

  #part(id: RelayId): void {
    this.#remove(id);
    this.#tellPruned(id);
  }

  /** What does not arrive is made up for: a neighbour that nobody confirms is given up. */
  #tellPruned(id: RelayId): void {
    const { rpc, clock, links } = this.#options;
    const stopped = this.#stopped;
    if (stopped === undefined || !links.linked().includes(id)) return;
    withDeadline(clock, MESH_RPC_TIMEOUT_MS, 'A prune', stopped, (signal) =>
      rpc.call(id, PRUNE, {}, signal),
    ).catch(() => undefined);
  }

  #add(id: RelayId, mine: boolean): void {
    const { clock, events } = this.#options;
    if (this.#table.add(id, mine, clock.now())) events.publish({ type: 'mesh-linked', id });
  }

  #remove(id: RelayId): boolean {
    if (!this.#table.remove(id)) return false;
    this.#options.events.publish({ type: 'mesh-unlinked', id });
    return true;
  }

  /** Where this relay stands among those that it can reach, and one that has just been heard. */
  #ring(heard?: RelayId): RingPlace {
    const others = heard === undefined ? this.#reachable() : [...this.#reachable(), heard];
    return ringPlace(this.#options.membership.self.id, others);
  }

  /** Live relays, without this one and those that did not answer. */
  #reachable(): RelayId[] {
    const { membership } = this.#options;
    return membership
      .list()
      .filter(({ id, state }) => state === 'alive' && id !== membership.self.id && !this.#away.has(id))
      .map(({ id }) => id);
  }
}
