/** What can be read off the picture of the swarm. */
import { addressOf } from '../../shared/protocol/address.ts';
import type { ShownRelay } from './network-history.ts';
import type { NetworkLink } from './engine-types.ts';

export interface NetworkTotals {
  readonly live: number;
  readonly hosts: number;
  readonly meshLinks: number;
  readonly capacityBytes: number;
  /** By the word of the relays that answered. */
  readonly usedBytes: number;
}

export function totals(relays: readonly ShownRelay[], links: readonly NetworkLink[]): NetworkTotals {
  const live = relays.filter(({ state }) => state !== 'gone');
  return {
    live: live.length,
    hosts: new Set(live.map(({ machine }) => machine)).size,
    meshLinks: links.filter(({ mesh }) => mesh).length,
    capacityBytes: live.reduce((sum, { capacityBytes }) => sum + capacityBytes, 0),
    usedBytes: live.reduce((sum, { report }) => sum + (report?.used ?? 0), 0),
  };
}

/** Those that a relay is linked to in the mesh. */
export function neighbours(
  id: string,
  relays: readonly ShownRelay[],
  links: readonly NetworkLink[],
): readonly ShownRelay[] {
  const ids = new Set(
    links.filter(({ a, b, mesh }) => mesh && (a === id || b === id)).map(({ a, b }) => (a === id ? b : a)),
  );
  return relays.filter((relay) => ids.has(relay.id));
}

/** Addresses by id. */
export function namesOf(relays: readonly ShownRelay[]): ReadonlyMap<string, string> {
  return new Map(relays.map((relay) => [relay.id, addressOf(relay)]));
}
