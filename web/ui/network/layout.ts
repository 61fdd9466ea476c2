/** Where relays stand in the picture: on a circle, those of one host side by side, so that links cross the middle. */

interface Placed {
  readonly id: string;
  readonly host: string;
  readonly machine: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly relays: ReadonlyMap<string, Point>;
  /** One for each host, outside the circle; none where there is but one host. */
  readonly hosts: readonly (Point & { readonly machine: string; readonly name: string })[];
}

const MIN_RADIUS = 150;
/** Along the circle, between two relays with their labels. */
const SPACING = 56;
const STAGGERED_SPACING = 38;
/** Every other relay stands this much further in where there are many. */
const STEP = 64;
const MANY_RELAYS = 24;
const HOST_DISTANCE = 76;
/** How much further a name stands beside the circle than above it: it is wider than high. */
const NAME_REACH = 44;

/** Deterministic: the same relays stand at the same places, in the order given. `spacing`: along the circle, where they are few. */
export function layoutRelays(relays: readonly Placed[], spacing = SPACING): Layout {
  const groups = new Map<string, Placed[]>();
  for (const relay of relays) {
    const group = groups.get(relay.machine);
    if (group === undefined) groups.set(relay.machine, [relay]);
    else group.push(relay);
  }
  const staggered = relays.length > MANY_RELAYS;
  // A gap after each host, where hosts have several relays.
  const gap = groups.size > 1 && relays.length > groups.size ? 1 : 0;
  const taken = relays.length + gap * groups.size;
  // Where the circle closes, the first and the last stand side by side: one further in, as everywhere.
  const slots = Math.max(staggered ? taken + (taken % 2) : taken, 1);
  const radius = Math.max(MIN_RADIUS, (slots * (staggered ? STAGGERED_SPACING : spacing)) / (2 * Math.PI));
  const at = (slot: number, distance: number): Point => {
    const angle = (slot / slots) * 2 * Math.PI - Math.PI / 2;
    return { x: Math.round(distance * Math.cos(angle)), y: Math.round(distance * Math.sin(angle)) };
  };

  const placed = new Map<string, Point>();
  const hosts: (Point & { machine: string; name: string })[] = [];
  let slot = 0;
  for (const [machine, group] of groups) {
    const middle = slot + (group.length - 1) / 2;
    if (groups.size > 1) {
      const { x } = at(middle, 1000);
      const distance = radius + HOST_DISTANCE + (NAME_REACH * Math.abs(x)) / 1000;
      hosts.push({ machine, name: group[0]?.host ?? '', ...at(middle, distance) });
    }
    for (const { id } of group) {
      placed.set(id, at(slot, staggered && slot % 2 === 1 ? radius - STEP : radius));
      slot++;
    }
    slot += gap;
  }
  return { relays: placed, hosts };
}
