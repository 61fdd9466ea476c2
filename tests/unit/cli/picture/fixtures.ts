import type { FileDistribution } from '../../../../shared/engine/distribution.ts';
import type { NetworkRelay, NetworkSnapshot } from '../../../../shared/engine/network-snapshot.ts';
import { parseRelayId } from '../../../../shared/ids.ts';

export const relayId = (index: number): string => index.toString(16).padStart(64, '0');

/** Relays spread over hosts in turn, each linked with its neighbours; the first was asked, the last stores nothing. */
export function network(relays: number, hosts: number): NetworkSnapshot {
  const all = Array.from({ length: relays }, (_, i): NetworkRelay => ({
    id: relayId(i),
    host: `10.0.0.${i % hosts}`,
    port: 8000 + Math.floor(i / hosts),
    machine: `machine-${i % hosts}`,
    capacityBytes: i === relays - 1 ? 0 : 2 ** 30,
    state: i === 2 ? 'suspect' : 'alive',
    distrusted: false,
    entry: i === 0,
    report: i === 3 ? null : { version: '1', used: 2 ** 20 * i, chunks: i, restored: 0 },
  }));
  const links = all.slice(1).map(({ id }, i) => ({ a: relayId(i), b: id, mesh: true }));
  const spare = relays > 2 ? [{ a: relayId(0), b: relayId(2), mesh: false }] : [];
  return { relays: all, links: [...links, ...spare] };
}

/** A file on the first relays of a network; `copies`: of each chunk, on relays in a row. */
export function distributionOn({ relays }: NetworkSnapshot, copies: readonly number[]): FileDistribution {
  return {
    relays: relays.map(({ id, machine }) => ({ id: parseRelayId(id), machine })),
    chunks: copies.map((count, index) => ({
      index,
      holders: Array.from({ length: count }, (_, i) => (index + i) % (relays.length - 1)),
    })),
    chunkCount: copies.length,
    silent: 0,
  };
}
