import type { FileDistribution } from '../../../../shared/engine/distribution.ts';
import type { RelayId } from '../../../../shared/ids.ts';

export function relayNumbered(position: number): RelayId {
  return position.toString(16).padStart(64, '0') as RelayId;
}

/** A file whose chunks lie on the relays of these positions; `hosts`: how many relays each host has, in order (default one). */
export function distributionOf(
  holders: readonly (readonly number[])[],
  hosts: readonly number[] = [],
): FileDistribution {
  const machines = hosts.flatMap((relays, host) => Array.from({ length: relays }, () => `host ${host}`));
  const count = Math.max(machines.length, ...holders.flat().map((position) => position + 1));
  return {
    relays: Array.from({ length: count }, (_, position) => ({
      id: relayNumbered(position),
      machine: machines[position] ?? `alone ${position}`,
    })),
    chunks: holders.map((each, index) => ({ index, holders: each })),
    chunkCount: holders.length,
    silent: 0,
  };
}
