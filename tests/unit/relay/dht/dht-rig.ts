/** Relays of the DHT alone, in one process: what each knows of the others is the test's to say, and messages are JSON. */
import { createHash } from 'node:crypto';
import type { Static, TSchema } from 'typebox';
import { DhtNode } from '../../../../relay/services/dht/dht-node.ts';
import { DhtRecords } from '../../../../relay/services/dht/dht-records.ts';
import type { KnownRelay, Members } from '../../../../relay/services/dht/members.ts';
import { RecordHolders, answerRecords } from '../../../../relay/services/dht/record-holders.ts';
import { RecordStore } from '../../../../relay/services/dht/record-store.ts';
import type { RecordLimits } from '../../../../relay/services/dht/record-store.ts';
import { Rehome } from '../../../../relay/services/dht/rehome.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import type { Introduce } from '../../../../relay/services/introduce.ts';
import { RpcRouter } from '../../../../relay/services/rpc.ts';
import type { PeerRpc, RpcMethod } from '../../../../relay/services/rpc.ts';
import { IndexDatabase } from '../../../../relay/storage/index-database.ts';
import { AppError, abortError } from '../../../../shared/errors.ts';
import { parseRelayId } from '../../../../shared/ids.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { MAX_RPC_BYTES } from '../../../../shared/limits.ts';
import { parseWith } from '../../../../shared/protocol/schemas.ts';
import { silentLog } from '../fixtures.ts';
import { VirtualClock } from '../p2p/virtual-clock.ts';

/** The same for the same name. */
export function idFor(name: string | number): RelayId {
  return parseRelayId(createHash('sha256').update(`relay ${name}`).digest('hex'));
}

function known(id: RelayId, link: number, capacity: number): KnownRelay {
  return { id, host: '10.0.0.1', port: 8000, link, capacity, machine: id.slice(0, 8), state: 'alive' };
}

class View implements Members {
  readonly self: KnownRelay;
  readonly #others = new Map<RelayId, KnownRelay>();

  constructor(self: KnownRelay) {
    this.self = self;
  }

  list(): KnownRelay[] {
    return [this.self, ...this.#others.values()];
  }

  get(id: RelayId): KnownRelay | undefined {
    return id === this.self.id ? this.self : this.#others.get(id);
  }

  set(relay: KnownRelay): void {
    if (relay.id !== this.self.id) this.#others.set(relay.id, relay);
  }

  delete(id: RelayId): boolean {
    return this.#others.delete(id);
  }
}

export type Meddler = (method: string, params: unknown, from: RelayId) => unknown;

export class DhtRelay {
  readonly view: View;
  readonly events = new EventBus(() => 0);
  readonly router = new RpcRouter();
  readonly stopping = new AbortController();
  readonly database = new IndexDatabase(':memory:');
  readonly rpc: PeerRpc;
  readonly node: DhtNode;
  readonly store: RecordStore;
  readonly records: DhtRecords;
  readonly rehome: Rehome;
  alive = true;
  leaving = false;
  /** Answers in this relay's place when it gives anything but undefined. */
  meddler: Meddler | undefined;
  introductions = 0;

  constructor(swarm: DhtSwarm, self: KnownRelay, limits?: RecordLimits) {
    this.view = new View(self);
    this.rpc = { call: (to, method, params, signal) => swarm.call(self.id, to, method, params, signal) };
    const introduce: Introduce = (hint, _teller, signal) => {
      this.introductions++;
      return swarm.introduce(this, hint.id, hint.link, signal);
    };
    const { clock } = swarm;
    const common = { members: this.view, events: this.events, clock, stopped: this.stopping.signal };
    const isLeaving = (): boolean => this.leaving;
    this.node = new DhtNode({ ...common, rpc: this.rpc, router: this.router, introduce, isLeaving });
    this.store = new RecordStore(this.database, limits);
    answerRecords(this.router, this.store, (key) => this.node.mayKeep(key));
    const holders = new RecordHolders({ self: self.id, store: this.store, rpc: this.rpc, clock });
    this.records = new DhtRecords({ node: this.node, holders });
    this.rehome = new Rehome({
      ...common,
      node: this.node,
      store: this.store,
      holders,
      log: silentLog,
      random: () => 0,
    });
  }

  get id(): RelayId {
    return this.view.self.id;
  }

  /** A link has proven the relay. */
  meet(relay: DhtRelay): void {
    if (relay.id === this.id || this.view.get(relay.id) !== undefined) return;
    this.view.set(relay.view.self);
    this.events.publish({ type: 'peer-joined', id: relay.id, host: relay.view.self.host, port: 8000 });
  }

  lose(id: RelayId): void {
    if (this.view.delete(id)) this.events.publish({ type: 'peer-left', id });
  }
}

export interface DhtRelayOptions {
  readonly capacity?: number;
  readonly limits?: RecordLimits;
}

export class DhtSwarm implements Disposable {
  readonly clock = new VirtualClock();
  readonly relays: DhtRelay[] = [];
  readonly #byId = new Map<RelayId, DhtRelay>();
  /** Requests so far, by method. */
  readonly calls = new Map<string, number>();

  add(
    name: string | number = this.relays.length,
    { capacity = 2 ** 30, limits }: DhtRelayOptions = {},
  ): DhtRelay {
    const link = 1000 + this.relays.length;
    const relay = new DhtRelay(this, known(idFor(name), link, capacity), limits);
    this.relays.push(relay);
    this.#byId.set(relay.id, relay);
    return relay;
  }

  /** Everybody alive knows everybody alive, and nobody else. */
  settle(): void {
    for (const a of this.live()) {
      for (const b of this.relays) if (b.alive) a.meet(b);
      for (const { id } of a.view.list()) if (this.#byId.get(id)?.alive !== true) a.lose(id);
    }
  }

  live(): DhtRelay[] {
    return this.relays.filter(({ alive }) => alive);
  }

  get(id: RelayId): DhtRelay {
    const relay = this.#byId.get(id);
    if (relay === undefined) throw new Error('No such relay.');
    return relay;
  }

  /** Every live relay's pass over its records, in turn, until one round has changed nothing. */
  async rehomeAll(signal: AbortSignal): Promise<void> {
    for (let round = 0; round < 4; round++) for (const relay of this.live()) await relay.rehome.pass(signal);
  }

  async call<P extends TSchema, R extends TSchema>(
    from: RelayId,
    to: RelayId,
    method: RpcMethod<P, R>,
    params: Static<P>,
    signal: AbortSignal,
  ): Promise<Static<R>> {
    this.calls.set(method.name, (this.calls.get(method.name) ?? 0) + 1);
    const caller = this.get(from);
    const target = this.#byId.get(to);
    // As links do: only members can be dialled.
    if (caller.view.get(to) === undefined || target?.alive !== true) throw unreachable();
    const sent = overTheWire(params);
    const meddled = target.meddler?.(method.name, sent, from);
    // Whoever is asked has proven who asks.
    target.meet(caller);
    const answer = await Promise.resolve(meddled ?? target.router.answer(method.name, sent, from, signal));
    if (signal.aborted) throw abortError(signal);
    return parseWith(method.result, overTheWire(answer), 'A relay’s answer');
  }

  async introduce(relay: DhtRelay, id: RelayId, link: number, signal: AbortSignal): Promise<void> {
    await Promise.resolve();
    const target = this.#byId.get(id);
    if (target?.alive !== true || target.view.self.link !== link) throw unreachable();
    if (signal.aborted) throw abortError(signal);
    relay.meet(target);
    target.meet(relay);
  }

  [Symbol.dispose](): void {
    for (const { stopping, database } of this.relays) {
      stopping.abort();
      database[Symbol.dispose]();
    }
  }
}

/** As a link carries it. */
function overTheWire(message: unknown): unknown {
  const text = JSON.stringify(message);
  if (Buffer.byteLength(text) > MAX_RPC_BYTES) throw new AppError('TOO_LARGE', 'The message does not fit.');
  return JSON.parse(text) as unknown;
}

function unreachable(): AppError {
  return new AppError('UNAVAILABLE', 'No such relay.');
}
