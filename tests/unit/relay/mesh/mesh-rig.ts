/** Many meshes in one process: links and requests are simulated, time is virtual, chance is seeded. */
import { createHash } from 'node:crypto';
import { AppError, abortError } from '../../../../shared/errors.ts';
import { relayIdFromHash } from '../../../../shared/ids.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import type { Peer } from '../../../../shared/protocol/routes.ts';
import type { RelayReport } from '../../../../shared/protocol/topology.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import type { EventBody } from '../../../../relay/services/events.ts';
import type { LinkKeeper } from '../../../../relay/services/mesh/link-keeper.ts';
import { Mesh } from '../../../../relay/services/mesh/mesh.ts';
import { RpcRouter } from '../../../../relay/services/rpc.ts';
import type { PeerRpc } from '../../../../relay/services/rpc.ts';
import { silentLog } from '../fixtures.ts';
import { VirtualClock } from '../p2p/virtual-clock.ts';

const LATENCY_MS = 2;

/** What each relay here says of itself. */
export function reportOf(id: RelayId): RelayReport {
  return { version: '1.2.3', used: Number.parseInt(id.slice(0, 8), 16), room: 9, chunks: 7, restored: 0 };
}

export class SimRelay implements LinkKeeper {
  readonly id: RelayId;
  readonly mesh: Mesh;
  readonly router = new RpcRouter();
  readonly events: EventBody[] = [];
  readonly links = new Set<SimRelay>();
  /** What this relay believes of the others. */
  readonly view = new Map<RelayId, Peer & { id: RelayId }>();
  readonly stopped = new AbortController();
  /** Requests that it was asked. */
  asked = 0;
  /** Takes connections, and answers nothing on them. */
  frozen = false;
  kept = new Set<RelayId>();
  readonly #swarm: SimSwarm;
  readonly #listeners = new Set<(id: RelayId) => void>();

  constructor(swarm: SimSwarm, index: number) {
    this.#swarm = swarm;
    this.id = relayIdFromHash(
      createHash('sha256')
        .update(`relay ${String(index)}`)
        .digest(),
    );
    const bus = new EventBus(() => 0);
    bus.subscribe((event) => this.events.push(event));
    const rpc: PeerRpc = {
      call: (to, method, params, signal) =>
        swarm.call(this, to, method.name, params, signal) as Promise<never>,
    };
    this.mesh = new Mesh({
      membership: {
        self: this.row,
        list: () => [this.row, ...this.view.values()],
        get: (id) => (id === this.id ? this.row : this.view.get(id)),
      },
      links: this,
      rpc,
      router: this.router,
      clock: swarm.clock,
      events: bus,
      log: silentLog,
      random: swarm.random,
      report: () => Promise.resolve(reportOf(this.id)),
    });
  }

  get alive(): boolean {
    return !this.stopped.signal.aborted;
  }

  get row(): Peer & { id: RelayId } {
    return { id: this.id, host: '10.0.0.1', port: 1, link: 1, capacity: 1, machine: '', state: 'alive' };
  }

  linked(): RelayId[] {
    return Array.from(this.links, ({ id }) => id);
  }

  async open(id: RelayId, signal: AbortSignal): Promise<void> {
    await this.#swarm.link(this, id, signal);
  }

  keep(ids: Iterable<RelayId>): void {
    this.kept = new Set(ids);
  }

  onLost(listener: (id: RelayId) => void): void {
    this.#listeners.add(listener);
  }

  lose(peer: SimRelay): void {
    if (!this.links.delete(peer)) return;
    peer.lose(this);
    for (const listener of this.#listeners) listener(peer.id);
  }

  start(): void {
    this.mesh.start(this.stopped.signal);
  }

  /** As SIGKILL: its links end, and it knows nothing of it. */
  kill(): void {
    this.stopped.abort();
    this.#listeners.clear();
    for (const peer of [...this.links]) this.lose(peer);
  }
}

export class SimSwarm {
  readonly clock = new VirtualClock();
  readonly relays: SimRelay[] = [];
  readonly random: () => number;
  /** Requests whose answers are lost on the way. */
  losesAnswer: (method: string) => boolean = () => false;

  constructor(count: number, seed: number) {
    this.random = seeded(seed);
    for (let index = 0; index < count; index++) this.relays.push(new SimRelay(this, index));
  }

  get live(): SimRelay[] {
    return this.relays.filter((relay) => relay.alive);
  }

  add(): SimRelay {
    const relay = new SimRelay(this, this.relays.length);
    this.relays.push(relay);
    return relay;
  }

  byId(id: RelayId): SimRelay {
    const relay = this.relays.find((candidate) => candidate.id === id);
    if (relay === undefined) throw new Error('no such relay');
    return relay;
  }

  /** Every live relay knows exactly the live ones. */
  shareViews(relays = this.live): void {
    for (const relay of relays) {
      relay.view.clear();
      for (const other of relays) if (other !== relay) relay.view.set(other.id, other.row);
    }
  }

  async link(from: SimRelay, to: RelayId, signal: AbortSignal): Promise<SimRelay> {
    const peer = this.byId(to);
    if (!from.links.has(peer)) await this.clock.sleep(LATENCY_MS, signal);
    if (!peer.alive || !from.alive) throw new AppError('UNAVAILABLE', 'refused');
    // A handshake makes a member, on both sides.
    if (!peer.view.has(from.id)) peer.view.set(from.id, from.row);
    from.links.add(peer);
    peer.links.add(from);
    return peer;
  }

  async call(
    from: SimRelay,
    to: RelayId,
    method: string,
    params: unknown,
    signal: AbortSignal,
  ): Promise<unknown> {
    const peer = await this.link(from, to, signal);
    await this.clock.sleep(LATENCY_MS, signal);
    if (!from.links.has(peer)) throw new AppError('UNAVAILABLE', 'lost');
    peer.asked++;
    const result = peer.frozen
      ? await this.#silence(signal)
      : await peer.router.answer(method, params, from.id, peer.stopped.signal);
    if (this.losesAnswer(method)) return this.#silence(signal);
    await this.clock.sleep(LATENCY_MS, signal);
    if (!from.links.has(peer)) throw new AppError('UNAVAILABLE', 'lost');
    return result;
  }

  #silence(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(abortError(signal)), { once: true });
    });
  }
}

/** What is wrong with the meshes of the live relays; nothing when all is well. */
export function meshFaults(swarm: SimSwarm): string[] {
  const { live } = swarm;
  const least = Math.min(3, live.length - 1);
  const faults: string[] = [];
  for (const relay of live) {
    const ids = relay.mesh.neighbours();
    if (ids.length < least || ids.length > 5)
      faults.push(`${relay.id.slice(0, 6)} has ${String(ids.length)}`);
    for (const id of ids) {
      const peer = swarm.byId(id);
      if (!peer.alive) faults.push('a dead neighbour');
      else if (!peer.mesh.neighbours().includes(relay.id)) faults.push('one-sided');
      if (!relay.links.has(peer)) faults.push('a neighbour without a link');
    }
  }
  const reached = new Set<RelayId>();
  const walk = live.slice(0, 1);
  for (let relay = walk.pop(); relay !== undefined; relay = walk.pop()) {
    if (reached.has(relay.id)) continue;
    reached.add(relay.id);
    for (const id of relay.mesh.neighbours()) walk.push(swarm.byId(id));
  }
  if (reached.size < live.length) faults.push(`only ${String(reached.size)} are connected`);
  return faults;
}

/** mulberry32 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
