/** What the distribution map remembers of relays and hosts; each change makes a new set. */
import { shares } from '../../shared/engine/durability.ts';
import type { RelayId } from '../../shared/ids.ts';
import { MAP_UNFOLDED_RELAYS } from '../../shared/limits.ts';
import type { FileDistribution } from './engine-types.ts';

export const NO_RELAYS: ReadonlySet<RelayId> = new Set();
export const NO_HOSTS: ReadonlySet<string> = new Set();
export const NONE_HELD: ReadonlyMap<string, number> = new Map();

/** `members` with these in it, or without them. */
export function toggled<T>(members: ReadonlySet<T>, which: readonly T[], present: boolean): ReadonlySet<T> {
  const next = new Set(members);
  for (const each of which)
    if (present) next.add(each);
    else next.delete(each);
  return next;
}

/** Those of `relays` that are still there. */
export function presentIn({ relays }: FileDistribution, chosen: ReadonlySet<RelayId>): ReadonlySet<RelayId> {
  return new Set(relays.map(({ id }) => id).filter((id) => chosen.has(id)));
}

/** Parts that each relay holds, or did when it was last there: one that does not answer is not known to hold nothing. */
export function heldSince(
  before: ReadonlyMap<string, number>,
  distribution: FileDistribution,
): ReadonlyMap<string, number> {
  const said = [...held(distribution)].filter(([, chunks]) => chunks > 0 || distribution.silent === 0);
  return new Map([...before, ...said]);
}

/** Hosts that begin folded: those with several holders, where there are many in all on more than one host. */
export function crowdedHosts(distribution: FileDistribution): ReadonlySet<string> {
  const counts = new Map<string, number>();
  const parts = held(distribution);
  const holders = distribution.relays.filter(({ id }) => (parts.get(id) ?? 0) > 0);
  for (const { machine } of holders) counts.set(machine, (counts.get(machine) ?? 0) + 1);
  if (counts.size < 2 || holders.length <= MAP_UNFOLDED_RELAYS) return NO_HOSTS;
  return new Set([...counts].filter(([, count]) => count > 1).map(([machine]) => machine));
}

function held(distribution: FileDistribution): Map<string, number> {
  const { relays } = shares(distribution);
  return new Map(distribution.relays.map(({ id }, i) => [id, relays[i]?.chunks ?? 0]));
}
