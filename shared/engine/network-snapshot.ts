/** The swarm as a graph, asked now: relays, what they say of themselves, and links. Relays may lie: all of it is for display. */
import type { RelayReport } from '../protocol/topology.ts';
import type { RelaySwarm } from './relay-client.ts';

export interface NetworkRelay {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** Opaque; equal for relays on one host. */
  readonly machine: string;
  /** 0: it stores nothing. */
  readonly capacityBytes: number;
  readonly state: 'alive' | 'suspect';
  /** It could not prove chunks that it claims, to the relay that was asked. */
  readonly distrusted: boolean;
  /** Whether it is the relay that was asked. */
  readonly entry: boolean;
  /** Null for one that did not answer in time, or is older than reports. */
  readonly report: RelayReport | null;
}

/** Each once, `a` below `b`; both are in the snapshot's relays. */
export interface NetworkLink {
  readonly a: string;
  readonly b: string;
  /** Whether they are gossip neighbours; else a spare link of the entry relay. */
  readonly mesh: boolean;
}

export interface NetworkSnapshot {
  readonly relays: readonly NetworkRelay[];
  readonly links: readonly NetworkLink[];
}

/** `entryId`: of the relay that is asked. Throws as `peers` and `topology`. */
export async function readNetworkSnapshot(
  swarm: Pick<RelaySwarm, 'peers' | 'topology'>,
  entryId: string,
  signal: AbortSignal,
): Promise<NetworkSnapshot> {
  const [peers, topology] = await Promise.all([swarm.peers(signal), swarm.topology(signal)]);
  const reports = new Map(topology.relays.map(({ id, report }) => [id, report]));
  const known = new Set(peers.map(({ id }) => id));
  return {
    relays: peers.map(({ id, host, port, machine, capacity, state, distrusted = false }) => ({
      ...{ id, host, port, machine, state, distrusted },
      capacityBytes: capacity,
      entry: id === entryId,
      report: reports.get(id) ?? null,
    })),
    links: topology.links.filter(({ a, b }) => known.has(a) && known.has(b)),
  };
}
