/** What is to be done about one chunk, decided from who holds it: pure, and the same on every relay that sees the same. */
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { NEIGHBOURHOOD, REPLICAS } from '../../../shared/limits.ts';
import type { CareMember } from './presence.ts';

/** Where the replicas of one chunk are, as far as this relay could find out. */
export interface Standing {
  readonly id: ChunkId;
  readonly sizeBytes: number;
  /** All storing members, those away included, in placement order. */
  readonly order: readonly CareMember[];
  /** Live relays that hold it, this one included. */
  readonly holders: ReadonlySet<RelayId>;
  /** Relays that may hold it: away for less than the grace, or without an answer for less than that. */
  readonly doubtful: ReadonlySet<RelayId>;
  /** Relays that were caught claiming what they do not have. */
  readonly distrusted: ReadonlySet<RelayId>;
}

export interface Plan {
  /** Replicas that are missing, whether or not anybody is there to take one. */
  readonly missing: number;
  /** Relays to offer it to, in turn, until none is missing. */
  readonly candidates: readonly RelayId[];
  /** Relays among the first holders that lack it while enough others have it. */
  readonly heirs: readonly RelayId[];
  /** 0: this relay is to act; n: n holders before it are. */
  readonly turn: number;
  /** The holders beyond the ones that are needed, lowest-ranked last. Each may give up its replica without waiting for another. */
  readonly surplus: readonly RelayId[];
  /** This relay's own replica is one of them, or will be if the doubtful hold the chunk. */
  readonly perhapsSurplus: boolean;
  /** Holders that rank before this relay, the first first. */
  readonly better: readonly RelayId[];
}

export function plan(standing: Standing, self: RelayId): Plan {
  const { order, holders, doubtful, distrusted } = standing;
  const ranked = order.filter(({ id }) => holders.has(id)).map(({ id }) => id);
  // A relay that lends nothing any more holds what it held, and ranks behind all others.
  if (!ranked.includes(self) && holders.has(self)) ranked.push(self);
  const turn = ranked.indexOf(self);
  const better = ranked.slice(0, Math.max(0, turn));
  const takers = order.filter(
    ({ id, state, settled }) =>
      state === 'live' && settled && !holders.has(id) && !doubtful.has(id) && !distrusted.has(id),
  );
  const perhaps = order.slice(0, NEIGHBOURHOOD).filter(({ id }) => doubtful.has(id)).length;
  const possible = order.filter(({ id }) => holders.has(id) || doubtful.has(id)).map(({ id }) => id);
  const missing = Math.max(0, REPLICAS - ranked.length - perhaps);
  const first = new Set(order.slice(0, REPLICAS).map(({ id }) => id));
  return {
    missing,
    candidates: missing > 0 ? takers.map(({ id }) => id) : [],
    heirs: ranked.length >= REPLICAS ? takers.filter(({ id }) => first.has(id)).map(({ id }) => id) : [],
    turn,
    surplus: ranked.slice(REPLICAS),
    perhapsSurplus: possible.length >= REPLICAS && !possible.slice(0, REPLICAS).includes(self),
    better,
  };
}
