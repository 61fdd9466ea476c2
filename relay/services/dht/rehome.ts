/**
 * Keeps records at the relays that are responsible for them: after a change of the membership and every few minutes, each
 * relay compares what it keeps with the holders of now, gives them what they lack and takes what it lacks. A relay that is
 * no holder any more hands over, and forgets only what all holders have acknowledged. Nothing ever goes because of its age.
 */
import { AppError } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import {
  MAX_DIGESTS_PER_RPC,
  NEIGHBOURHOOD,
  REHOME_DELAY_MS,
  REHOME_INTERVAL_MS,
  REHOME_MAX_DELAY_MS,
  REPLICAS,
} from '../../../shared/limits.ts';
import type { RecordKey } from '../../../shared/protocol/records.ts';
import type { EventBus } from '../events.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../ports.ts';
import { recordHolders, recordOrder } from './dht-node.ts';
import type { DhtNode } from './dht-node.ts';
import type { Members } from './members.ts';
import type { RecordHolders } from './record-holders.ts';
import type { RecordStore } from './record-store.ts';
import { compareRecords } from './record-sync.ts';

const TICK_MS = 500;
const HAND_OVER_TRIES = 3;

export interface RehomeParts {
  readonly members: Members;
  readonly node: Pick<DhtNode, 'lookup' | 'keepers'>;
  readonly store: RecordStore;
  readonly holders: RecordHolders;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopped: AbortSignal;
  /** 0 to 1, so that relays do not all begin at once. */
  readonly random?: () => number;
}

/** What this relay has under a key, and who should have it. */
interface Holding {
  readonly key: RecordKey;
  readonly digest: string;
  readonly holders: readonly RelayId[];
  readonly isOurs: boolean;
}

export class Rehome {
  readonly #parts: RehomeParts;
  readonly #random: () => number;
  /** First and last change of the membership since the last pass began. */
  #firstChange: number | undefined;
  #lastChange = 0;
  #nextPassAt = 0;
  #jitterMs = 0;
  #running = false;

  constructor(parts: RehomeParts) {
    this.#parts = parts;
    this.#random = parts.random ?? Math.random;
  }

  /** From now on by itself, until the relay stops. */
  start(): void {
    const { clock, events, stopped } = this.#parts;
    this.#plan();
    const unsubscribe = events.subscribe(({ type }) => {
      if (type === 'peer-joined' || type === 'peer-left') this.#changed();
    });
    stopped.addEventListener('abort', unsubscribe, { once: true });
    clock.every(TICK_MS, () => void this.#tick(), stopped);
  }

  /** One pass over all records kept here. Throws `IO`, `NO_SPACE`, `ABORTED`. */
  async pass(signal: AbortSignal): Promise<void> {
    const { members, node, store } = this.#parts;
    // Whoever is near this relay is responsible for the same keys.
    await node.lookup(members.self.id, signal);
    let after = '';
    for (;;) {
      const keys = store.keys(after, MAX_DIGESTS_PER_RPC);
      if (keys.length > 0) await this.#rehome(keys, signal);
      after = keys.at(-1) ?? after;
      if (keys.length < MAX_DIGESTS_PER_RPC) return;
    }
  }

  /** For a relay that leaves: throws `UNAVAILABLE` unless other relays have all the records that were kept here. */
  async handOver(signal: AbortSignal): Promise<void> {
    for (let tries = 0; tries < HAND_OVER_TRIES; tries++) {
      if (this.#parts.store.keys('', 1).length === 0) return;
      await this.pass(signal);
    }
    await this.#handOn(signal);
    if (this.#parts.store.keys('', 1).length === 0) return;
    throw new AppError('UNAVAILABLE', 'Some records of the swarm found no other relay to keep them.');
  }

  /**
   * What not every holder has taken goes to the next in order, as new records do: a relay that is silent, full or lies keeps
   * nobody here.
   */
  async #handOn(signal: AbortSignal): Promise<void> {
    const { node, store } = this.#parts;
    let after = '';
    for (;;) {
      const keys = store.keys(after, MAX_DIGESTS_PER_RPC);
      const relays = node.keepers();
      const left = keys.map((key) => ({
        ...{ key, digest: store.digest(key), holders: [], isOurs: false },
        order: recordOrder(key, relays),
        taken: 0,
      }));
      for (let rank = 0; rank < NEIGHBOURHOOD; rank++) {
        const open = left.filter(({ order, taken }) => taken < REPLICAS && order[rank] !== undefined);
        for (const [relay, offered] of Map.groupBy(open, ({ order }) => order[rank])) {
          if (relay === undefined) continue;
          const taken = new Set(await this.#compare(relay, offered, signal));
          for (const holding of offered) if (taken.has(holding.key)) holding.taken++;
        }
      }
      // Where so few are left, one of them that takes nothing does not count.
      for (const { key, digest, order, taken } of left)
        if (taken > 0 && taken >= Math.min(REPLICAS, order.length - 1)) store.forget(key, digest);
      after = keys.at(-1) ?? after;
      if (keys.length < MAX_DIGESTS_PER_RPC) return;
    }
  }

  #changed(): void {
    const now = this.#parts.clock.now();
    this.#firstChange ??= now;
    this.#lastChange = now;
  }

  #plan(): void {
    this.#firstChange = undefined;
    this.#jitterMs = this.#random() * REHOME_DELAY_MS;
    this.#nextPassAt = this.#parts.clock.now() + REHOME_INTERVAL_MS * (0.75 + this.#random() / 2);
  }

  #isDue(): boolean {
    const now = this.#parts.clock.now();
    if (now >= this.#nextPassAt) return true;
    if (this.#firstChange === undefined) return false;
    return (
      now - this.#lastChange >= REHOME_DELAY_MS + this.#jitterMs ||
      now - this.#firstChange >= REHOME_MAX_DELAY_MS
    );
  }

  async #tick(): Promise<void> {
    const { stopped, log } = this.#parts;
    if (this.#running || !this.#isDue()) return;
    this.#running = true;
    this.#plan();
    try {
      await this.pass(stopped);
    } catch (err) {
      if (AppError.from(err).code !== 'ABORTED')
        log.warn({ err }, 'Records could not be compared with their holders');
    } finally {
      this.#running = false;
    }
  }

  async #rehome(keys: readonly RecordKey[], signal: AbortSignal): Promise<void> {
    const { members, node, store } = this.#parts;
    const self = members.self.id;
    const relays = node.keepers();
    const holdings: Holding[] = keys.map((key) => {
      const holders = recordHolders(key, relays);
      return { key, digest: store.digest(key), holders, isOurs: holders.includes(self) };
    });
    const byRelay = new Map<RelayId, Holding[]>();
    for (const holding of holdings) {
      for (const relay of holding.holders) {
        if (relay === self) continue;
        const theirs = byRelay.get(relay) ?? [];
        byRelay.set(relay, theirs);
        theirs.push(holding);
      }
    }
    const acknowledged = new Map<RecordKey, number>();
    // One relay after the other: what one lacks, another may give first.
    for (const [relay, theirs] of byRelay) {
      for (const key of await this.#compare(relay, theirs, signal))
        acknowledged.set(key, (acknowledged.get(key) ?? 0) + 1);
    }
    for (const { key, digest, holders, isOurs } of holdings) {
      if (isOurs || holders.length === 0 || acknowledged.get(key) !== holders.length) continue;
      store.forget(key, digest);
    }
  }

  /** The keys of which the relay now has all that we had. */
  async #compare(relay: RelayId, holdings: readonly Holding[], signal: AbortSignal): Promise<RecordKey[]> {
    const { store, holders, log } = this.#parts;
    const ours = new Set(holdings.filter(({ isOurs }) => isOurs).map(({ key }) => key));
    try {
      return await compareRecords(
        {
          store,
          peer: holders.of(relay),
          keys: holdings.map(({ key }) => key),
          takes: (key) => ours.has(key),
        },
        signal,
      );
    } catch (cause) {
      if (signal.aborted) throw cause;
      const error = AppError.from(cause);
      // Our own disk is not the peer's fault.
      if (error.code === 'IO') throw error;
      log.debug({ relay, code: error.code }, 'A holder of records did not answer');
      return [];
    }
  }
}
