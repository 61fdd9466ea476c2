/** Which relays hold a chunk: a function of the chunk's id and the live members, so that no location is ever stored. */
import { NEIGHBOURHOOD, REPLICAS } from '../limits.ts';
import type { ChunkId } from '../ids.ts';
import type { Member } from './member.ts';
import { byDistance, isStoring } from './neighbourhood.ts';
import { byRendezvous } from './rendezvous.ts';

/**
 * All storing members in the order in which they shall hold `key`; the first `REPLICAS` that accept are its holders.
 *
 * 1. Members with capacity 0 are left out; the `NEIGHBOURHOOD` nearest to the key by XOR are the candidates.
 * 2. Candidates are ordered by weighted rendezvous hashing (`rendezvous.ts`).
 * 3. The first candidate of each host (`machine`) moves to the front; both parts keep their order.
 * 4. All other members follow, nearest first.
 *
 * The order depends on the set of members only, not on the order they are given in. Ids are distinct.
 */
export function placementOrder(key: ChunkId, members: readonly Member[]): Member[] {
  const nearest = byDistance(key, members.filter(isStoring));
  const candidates = nearest.slice(0, NEIGHBOURHOOD);
  return [...distinctHostsFirst(byRendezvous(key, candidates)), ...nearest.slice(NEIGHBOURHOOD)];
}

/** The relays that shall hold `key` when all of them accept: fewer than `REPLICAS` when fewer store. */
export function holdersOf(key: ChunkId, members: readonly Member[]): Member[] {
  return placementOrder(key, members).slice(0, REPLICAS);
}

function distinctHostsFirst(ordered: readonly Member[]): Member[] {
  const hosts = new Set<string>();
  const first: Member[] = [];
  const rest: Member[] = [];
  for (const member of ordered) {
    (hosts.has(member.machine) ? rest : first).push(member);
    hosts.add(member.machine);
  }
  return [...first, ...rest];
}
