/** A file's hosts and relays as the distribution map shows them. */
import { shares } from '../../shared/engine/durability.ts';
import type { Share } from '../../shared/engine/durability.ts';
import type { RelayId } from '../../shared/ids.ts';
import { addressOf } from '../../shared/protocol/address.ts';
import { shortId } from '../../shared/ids.ts';
import type { ShownRelay } from './network-history.ts';
import type { FileDistribution } from './engine-types.ts';

export interface MapRelay {
  readonly id: string;
  readonly name: string;
  readonly port: number | null;
  readonly state: ShownRelay['state'];
  /** Parts that it holds; of one that is gone, held when it was last heard. */
  readonly chunks: number;
  /** Parts that nobody else holds, of those that are not given up for lost. */
  readonly sole: number;
  /** Whether the user asks what its loss would mean. */
  readonly lost: boolean;
  /** Whether it holds the part that the user chose. */
  readonly chosen: boolean;
}

export interface MapHost {
  readonly machine: string;
  readonly name: string;
  /** By address. */
  readonly relays: readonly MapRelay[];
  /** Parts with a copy on it, and those with all their copies on it. */
  readonly chunks: number;
  readonly sole: number;
  readonly lost: 'none' | 'some' | 'all';
  readonly chosen: boolean;
}

export interface MapSources {
  readonly distribution: FileDistribution;
  /** What is known of relays, gone ones included. */
  readonly relays: readonly ShownRelay[];
  /** Parts that each relay held when it was last heard. */
  readonly held: ReadonlyMap<string, number>;
  readonly lost: ReadonlySet<RelayId>;
  /** Position in the distribution's chunks. */
  readonly chosenChunk: number | null;
}

const NOTHING: Share = { chunks: 0, sole: 0 };

/** Hosts with what holds something of the file, or did until it went; by name. */
export function mapHosts({ distribution, relays, held, lost, chosenChunk }: MapSources): MapHost[] {
  const whole = shares(distribution);
  const left = shares(distribution, lost);
  const holders = new Set(chosenChunk === null ? [] : distribution.chunks[chosenChunk]?.holders);
  const known = new Map(relays.map((relay) => [relay.id, relay]));
  const groups = new Map<string, { name: string; relays: MapRelay[] }>();
  const add = (machine: string, host: string, relay: MapRelay): void => {
    const group = groups.get(machine) ?? { name: host, relays: [] };
    groups.set(machine, group);
    group.relays.push(relay);
  };
  distribution.relays.forEach(({ id, machine }, i) => {
    const chunks = whole.relays[i]?.chunks ?? 0;
    if (chunks === 0) return;
    const relay = known.get(id);
    known.delete(id);
    add(machine, relay?.host ?? shortId(id), {
      ...{ id, chunks, sole: left.relays[i]?.sole ?? 0, lost: lost.has(id), chosen: holders.has(i) },
      // It has just said what it holds.
      state: relay?.state === 'suspect' ? 'suspect' : 'alive',
      name: relay === undefined ? shortId(id) : addressOf(relay),
      port: relay?.port ?? null,
    });
  });
  for (const relay of known.values()) {
    const chunks = held.get(relay.id) ?? 0;
    if (relay.state !== 'gone' || chunks === 0) continue;
    add(relay.machine, relay.host, {
      ...{ id: relay.id, chunks, sole: 0, lost: false, chosen: false },
      ...{ state: 'gone', name: addressOf(relay), port: relay.port },
    });
  }
  return Array.from(groups, ([machine, group]): MapHost => {
    const live = group.relays.filter(({ state }) => state !== 'gone');
    const given = live.filter((relay) => relay.lost).length;
    return {
      machine,
      name: group.name,
      relays: group.relays.sort(byName),
      chunks: (whole.hosts.get(machine) ?? NOTHING).chunks,
      sole: (left.hosts.get(machine) ?? NOTHING).sole,
      lost: given === 0 ? 'none' : given === live.length ? 'all' : 'some',
      chosen: live.some(({ chosen }) => chosen),
    };
  }).sort(byName);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}
