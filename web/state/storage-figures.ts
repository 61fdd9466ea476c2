/** What relays lend, use and have left, by machine. Relays may lie: everything here is for display. */
import { MAX_CHUNK_BYTES } from '../../shared/limits.ts';
import { addressOf } from '../../shared/protocol/address.ts';
import type { ShownRelay } from './network-history.ts';
import type { StorageCheck } from './engine-types.ts';

export const SPACE_COLUMNS = ['relay', 'used', 'free', 'chunks'] as const;
export type SpaceColumn = (typeof SPACE_COLUMNS)[number];
export interface SpaceOrder {
  readonly column: SpaceColumn;
  readonly descending: boolean;
}

/** Why a relay takes nothing more, or less than it lends. */
export type SpaceLimit =
  | 'none'
  /** What it lends is used up. */
  | 'lent'
  /** Its disk is. */
  | 'disk'
  /** Its disk has less left than what it lends and has not used. */
  | 'disk-soon';

export interface RelaySpace {
  readonly relay: ShownRelay;
  readonly name: string;
  readonly lentBytes: number;
  /** Null for one that has not said. */
  readonly usedBytes: number | null;
  readonly freeBytes: number | null;
  readonly chunks: number | null;
  readonly limit: SpaceLimit;
}

export interface HostSpace {
  readonly machine: string;
  readonly name: string;
  readonly relays: readonly RelaySpace[];
  readonly lentBytes: number;
  readonly usedBytes: number;
  /** Of relays that share a disk, there may be less. */
  readonly freeBytes: number;
  readonly chunks: number;
}

export interface SpaceTotals {
  readonly relays: number;
  readonly lentBytes: number;
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly chunks: number;
  readonly full: number;
}

export function spaceOf(relay: ShownRelay): RelaySpace {
  const { capacityBytes: lentBytes, report } = relay;
  const leftBytes = report === null ? null : Math.max(0, lentBytes - report.used);
  const freeBytes = report?.room ?? leftBytes;
  return {
    relay,
    name: addressOf(relay),
    lentBytes,
    usedBytes: report?.used ?? null,
    freeBytes,
    chunks: report?.chunks ?? null,
    limit: limitOf(leftBytes, freeBytes),
  };
}

/** Machines with the live relays that lend disk space, ordered alike among and within machines. */
export function hostsBySpace(relays: readonly ShownRelay[], order: SpaceOrder): HostSpace[] {
  const machines = new Map<string, RelaySpace[]>();
  for (const space of storing(relays)) {
    const { machine } = space.relay;
    machines.set(machine, [...(machines.get(machine) ?? []), space]);
  }
  const hosts = [...machines].map(([machine, spaces]): HostSpace => {
    const names = new Set(spaces.map(({ relay }) => relay.host));
    return {
      machine,
      name: [...names].sort().join(', '),
      relays: spaces.sort((a, b) => compare(a, b, order)),
      ...sums(spaces),
    };
  });
  return hosts.sort((a, b) => compare(a, b, order));
}

export function spaceTotals(relays: readonly ShownRelay[]): SpaceTotals {
  const spaces = storing(relays);
  const full = spaces.filter(({ limit }) => limit === 'lent' || limit === 'disk').length;
  return { relays: spaces.length, full, ...sums(spaces) };
}

/** The part that compression has saved, 0 to 1; null where nothing was found to compare. */
export function savedShare({
  foundPlainBytes,
  storedBytes,
}: NonNullable<StorageCheck['usage']>): number | null {
  return foundPlainBytes === 0 ? null : Math.max(0, 1 - storedBytes / foundPlainBytes);
}

/** The part of one's blocks that has all copies, 0 to 1; null where there are no blocks. */
export function fullShare({ blocks, byCopies }: NonNullable<StorageCheck['usage']>): number | null {
  return blocks === 0 ? null : (byCopies.at(-1) ?? 0) / blocks;
}

function storing(relays: readonly ShownRelay[]): RelaySpace[] {
  return relays.filter(({ state, capacityBytes }) => state !== 'gone' && capacityBytes > 0).map(spaceOf);
}

function sums(spaces: readonly RelaySpace[]) {
  const sum = (of: (space: RelaySpace) => number | null): number =>
    spaces.reduce((all, space) => all + (of(space) ?? 0), 0);
  return {
    lentBytes: sum(({ lentBytes }) => lentBytes),
    usedBytes: sum(({ usedBytes }) => usedBytes),
    freeBytes: sum(({ freeBytes }) => freeBytes),
    chunks: sum(({ chunks }) => chunks),
  };
}

function limitOf(leftBytes: number | null, freeBytes: number | null): SpaceLimit {
  if (leftBytes === null || freeBytes === null) return 'none';
  if (leftBytes < MAX_CHUNK_BYTES) return 'lent';
  if (freeBytes < MAX_CHUNK_BYTES) return 'disk';
  // Chunks on their way in are taken off what is free.
  return freeBytes < leftBytes / 2 ? 'disk-soon' : 'none';
}

type Row = Pick<RelaySpace, 'name' | 'usedBytes' | 'lentBytes' | 'freeBytes' | 'chunks'>;

function compare(a: Row, b: Row, { column, descending }: SpaceOrder): number {
  const by = {
    relay: byName(a, b),
    used: share(a) - share(b),
    free: (a.freeBytes ?? -1) - (b.freeBytes ?? -1),
    chunks: (a.chunks ?? -1) - (b.chunks ?? -1),
  }[column];
  return (descending ? -by : by) || byName(a, b);
}

function byName(a: Row, b: Row): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}

function share({ usedBytes, lentBytes }: Row): number {
  return usedBytes === null ? -1 : usedBytes / Math.max(1, lentBytes);
}
