/** What may fail before a file is lost, computed from where it lies. */
import type { RelayId } from '../ids.ts';
import { REPLICAS } from '../limits.ts';
import type { FileDistribution } from './distribution.ts';

export interface Durability {
  /** Chunks by how many copies they have, from none to `REPLICAS`; the last counts those with more, too. */
  readonly byCopies: readonly number[];
  /** Copies of the chunk that has the fewest; `REPLICAS` for an empty file, which needs none. */
  readonly fewestCopies: number;
  /** Hosts that hold a copy of the chunk that the fewest hold; `REPLICAS` for an empty file. */
  readonly fewestHosts: number;
  /** Any so many relays may fail at once and every chunk can still be read, but not any one more; null: one cannot be read now. */
  readonly spareRelays: number | null;
  /** The same of hosts, each with all relays on it. */
  readonly spareHosts: number | null;
  /** Chunks with no copy. */
  readonly lost: number;
  /** Chunks with fewer than `REPLICAS` copies, lost ones included. */
  readonly short: number;
}

/** What a relay or a host means to a file. */
export interface Share {
  /** Chunks that it holds. */
  readonly chunks: number;
  /** Chunks that nobody else holds: what its loss alone would cost. */
  readonly sole: number;
}

export interface Shares {
  /** In the order of `FileDistribution.relays`; nothing for those that are lost. */
  readonly relays: readonly Share[];
  readonly hosts: ReadonlyMap<string, Share>;
}

const NONE_LOST: ReadonlySet<RelayId> = new Set();

/** Copies of each chunk asked about, in their order, if the relays in `lost` held nothing. */
export function copiesLeft({ relays, chunks }: FileDistribution, lost = NONE_LOST): number[] {
  const gone = relays.map(({ id }) => lost.has(id));
  return chunks.map(({ holders }) =>
    holders.reduce((count, holder) => (gone[holder] === true ? count : count + 1), 0),
  );
}

/** How safe a file is, if the relays in `lost` held nothing of it. */
export function durability(distribution: FileDistribution, lost = NONE_LOST): Durability {
  const { relays, chunks } = distribution;
  const byCopies = Array.from({ length: REPLICAS + 1 }, () => 0);
  let fewestCopies = chunks.length === 0 ? REPLICAS : Infinity;
  let fewestHosts = fewestCopies;
  for (const { holders } of chunks) {
    const left = holders.flatMap((holder) => relays[holder] ?? []).filter(({ id }) => !lost.has(id));
    const level = Math.min(left.length, REPLICAS);
    byCopies[level] = (byCopies[level] ?? 0) + 1;
    fewestCopies = Math.min(fewestCopies, left.length);
    fewestHosts = Math.min(fewestHosts, new Set(left.map(({ machine }) => machine)).size);
  }
  const readable = fewestCopies > 0;
  return {
    byCopies,
    fewestCopies,
    fewestHosts,
    spareRelays: readable ? fewestCopies - 1 : null,
    spareHosts: readable ? fewestHosts - 1 : null,
    lost: byCopies[0] ?? 0,
    short: chunks.length - (byCopies[REPLICAS] ?? 0),
  };
}

/** Who holds how much of a file, if the relays in `lost` held nothing of it. */
export function shares(distribution: FileDistribution, lost = NONE_LOST): Shares {
  const { relays, chunks } = distribution;
  const ofRelays = relays.map(() => ({ chunks: 0, sole: 0 }));
  const ofHosts = new Map(relays.map(({ machine }) => [machine, { chunks: 0, sole: 0 }]));
  for (const { holders } of chunks) {
    const left = holders.filter((holder) => !lost.has(relays[holder]?.id ?? ('' as RelayId)));
    const machines = new Set(left.map((holder) => relays[holder]?.machine ?? ''));
    for (const share of left.map((holder) => ofRelays[holder])) count(share, left.length === 1);
    for (const machine of machines) count(ofHosts.get(machine), machines.size === 1);
  }
  return { relays: ofRelays, hosts: ofHosts };
}

function count(share: { chunks: number; sole: number } | undefined, sole: boolean): void {
  if (share === undefined) return;
  share.chunks++;
  if (sole) share.sole++;
}

/**
 * Few relays that together hold every chunk that anybody holds: all others could be lost at once. Greedy, so that it is near the
 * fewest and not always the fewest (the question is a set cover).
 */
export function enoughRelays({ relays, chunks }: FileDistribution): RelayId[] {
  const chosen: RelayId[] = [];
  let open = chunks.filter(({ holders }) => holders.length > 0);
  while (open.length > 0) {
    const counts = relays.map(() => 0);
    for (const { holders } of open) for (const holder of holders) counts[holder] = (counts[holder] ?? 0) + 1;
    const best = counts.indexOf(Math.max(...counts));
    const relay = relays[best];
    if (relay === undefined) break;
    chosen.push(relay.id);
    open = open.filter(({ holders }) => !holders.includes(best));
  }
  return chosen;
}
