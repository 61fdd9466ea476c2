import type { RelayId } from '../../../shared/ids.ts';

/** The two next to a relay when all live ids stand in a ring in their order. Undefined for a relay alone. */
export interface RingPlace {
  readonly successor: RelayId | undefined;
  readonly predecessor: RelayId | undefined;
}

/** Where `self` stands among `others`; whether it is one of them does not matter. */
export function ringPlace(self: RelayId, others: Iterable<RelayId>): RingPlace {
  let next: RelayId | undefined;
  let previous: RelayId | undefined;
  let least: RelayId | undefined;
  let greatest: RelayId | undefined;
  for (const id of others) {
    if (id === self) continue;
    if (least === undefined || id < least) least = id;
    if (greatest === undefined || id > greatest) greatest = id;
    if (id > self && (next === undefined || id < next)) next = id;
    if (id < self && (previous === undefined || id > previous)) previous = id;
  }
  return { successor: next ?? least, predecessor: previous ?? greatest };
}
