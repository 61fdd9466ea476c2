/** This relay's part in the DHT: its routing table, the lookups that it makes, and the answers to those of others. */
import Type from 'typebox';
import { parseRelayId } from '../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import {
  DHT_BUCKET,
  MAX_FRESH_REGIONS,
  NEIGHBOURHOOD,
  REGION_FRESH_MS,
  REPLICAS,
} from '../../../shared/limits.ts';
import { neighbourhood } from '../../../shared/placement/neighbourhood.ts';
import { placementOrder } from '../../../shared/placement/placement.ts';
import { Id, Port } from '../../../shared/protocol/schemas.ts';
import type { EventBus } from '../events.ts';
import type { Introduce, RelayHint } from '../introduce.ts';
import type { Clock } from '../ports.ts';
import { rpcMethod } from '../rpc.ts';
import type { PeerRpc, RpcRouter } from '../rpc.ts';
import { lookup } from './lookup.ts';
import type { LookupResult } from './lookup.ts';
import type { KnownRelay, Members } from './members.ts';
import { RoutingTable } from './routing-table.ts';

/** An IP address; IPv6 with a zone has up to 45 characters and an interface's name. */
const MAX_HOST_CHARS = 64;

const Hint = Type.Object({ id: Id, host: Type.String({ maxLength: MAX_HOST_CHARS }), link: Port });

export const FIND_NODE = rpcMethod(
  'dht.find-node',
  Type.Object({ target: Id }),
  Type.Object({ relays: Type.Array(Hint, { maxItems: DHT_BUCKET }) }),
);

export interface DhtNodeParts {
  readonly members: Members;
  readonly events: EventBus;
  readonly rpc: PeerRpc;
  readonly router: RpcRouter;
  readonly introduce: Introduce;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  /** Whether this relay is on its way out: then it keeps no records. */
  readonly isLeaving: () => boolean;
  /** Ends with the relay. */
  readonly stopped: AbortSignal;
}

export class DhtNode {
  readonly #parts: DhtNodeParts;
  readonly #table: RoutingTable;
  /** Key region → when it was last looked up, oldest first. */
  readonly #fresh = new Map<string, number>();

  constructor(parts: DhtNodeParts) {
    const { members, events, router, stopped } = parts;
    this.#parts = parts;
    this.#table = new RoutingTable(members.self.id);
    for (const { id } of members.list()) this.#table.add(id);
    const unsubscribe = events.subscribe((event) => {
      if (event.type === 'peer-joined') this.#table.add(parseRelayId(event.id));
      if (event.type === 'peer-left') this.#forget(parseRelayId(event.id));
    });
    stopped.addEventListener('abort', unsubscribe, { once: true });
    router.handle(FIND_NODE, ({ target }, from) => ({ relays: this.#hintsFor(target, from) }));
  }

  /** Relays in the routing table. */
  get tableSize(): number {
    return this.#table.size;
  }

  /** Looks up a relay's id or any key. Ends within `LOOKUP_TIMEOUT_MS`. Throws `ABORTED` only. */
  async lookup(target: string, signal: AbortSignal): Promise<LookupResult> {
    const { members, clock, introduce, rpc } = this.#parts;
    const self = members.self.id;
    const result = await lookup(
      target,
      this.#table.closest(target),
      {
        self,
        clock,
        introduce,
        isKnown: (id) => members.get(id) !== undefined,
        findNode: async (relay, wanted, either) => {
          const { relays } = await rpc.call(relay, FIND_NODE, { target: wanted }, either);
          return relays.map((hint) => ({ ...hint, id: parseRelayId(hint.id) }));
        },
      },
      signal,
    );
    return target === self ? { ...result, found: true, hops: 0 } : result;
  }

  /** The relay `id`, if it lives: a member, or one that a lookup finds. Throws `ABORTED` only. */
  async find(id: RelayId, signal: AbortSignal): Promise<KnownRelay | undefined> {
    const { members } = this.#parts;
    if (members.get(id) === undefined) await this.lookup(id, signal);
    return members.get(id);
  }

  /**
   * All members, after a lookup has added those near `key` that were missing; one lookup serves all keys of a region for
   * `REGION_FRESH_MS`. Throws `ABORTED` only.
   */
  async membersNear(key: string, signal: AbortSignal): Promise<readonly KnownRelay[]> {
    const { members, clock } = this.#parts;
    const region = regionOf(key, members.list().length);
    const freshSince = this.#fresh.get(region);
    if (freshSince === undefined || clock.now() - freshSince >= REGION_FRESH_MS) {
      await this.lookup(key, signal);
      this.#fresh.delete(region);
      this.#fresh.set(region, clock.now());
      const [oldest] = this.#fresh.keys();
      if (this.#fresh.size > MAX_FRESH_REGIONS && oldest !== undefined) this.#fresh.delete(oldest);
    }
    return members.list();
  }

  /** Storing relays in the order in which they shall keep the record at `key`: the neighbourhood only. */
  async recordOrder(key: string, signal: AbortSignal): Promise<RelayId[]> {
    await this.membersNear(key, signal);
    return recordOrder(key, this.keepers());
  }

  /** Whether this relay is near enough to `key` to keep its record, whatever others believe of the membership. */
  mayKeep(key: string): boolean {
    const { id } = this.#parts.members.self;
    return neighbourhood(key as ChunkId, this.keepers()).some((member) => member.id === id);
  }

  /** The members among which holders of records are chosen. */
  keepers(): readonly KnownRelay[] {
    const { members, isLeaving } = this.#parts;
    return isLeaving() ? members.list().filter(({ id }) => id !== members.self.id) : members.list();
  }

  #hintsFor(target: string, from: RelayId): RelayHint[] {
    const { members } = this.#parts;
    const hints: RelayHint[] = [];
    for (const id of this.#table.closest(target, DHT_BUCKET + 1)) {
      const member = members.get(id);
      if (id === from || member === undefined || member.host.length > MAX_HOST_CHARS) continue;
      hints.push({ id, host: member.host, link: member.link });
    }
    return hints.slice(0, DHT_BUCKET);
  }

  #forget(id: RelayId): void {
    const spares = this.#parts.members.list().map((member) => member.id);
    this.#table.replace(id, spares);
  }
}

/** The first `REPLICAS` of them keep the record; the others are where it goes when those do not take it. */
export function recordOrder(key: string, members: readonly KnownRelay[]): RelayId[] {
  return placementOrder(key as ChunkId, members)
    .slice(0, NEIGHBOURHOOD)
    .map(({ id }) => id);
}

export function recordHolders(key: string, members: readonly KnownRelay[]): RelayId[] {
  return recordOrder(key, members).slice(0, REPLICAS);
}

/** Keys that share a prefix so short that about a neighbourhood of relays shares it too. */
function regionOf(key: string, relays: number): string {
  const bits = Math.max(0, Math.floor(Math.log2(relays / NEIGHBOURHOOD)));
  return BigInt(`0x${key}`).toString(2).padStart(256, '0').slice(0, bits);
}
