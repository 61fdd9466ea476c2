/** Whether a swarm is the one that an interrupted upload was sent to. */
import type { RelayId } from '../ids.ts';
import type { Journal, SwarmPort } from './ports.ts';

/**
 * Whether any of the relays that hold the journal's chunks, if any do, is a live member of this swarm. Where none is (the
 * relays began anew, or this is another swarm), going on would give a manifest whose beginning nobody has. Throws as
 * `SwarmPort.members`, which is asked only where something was stored.
 */
export async function someHolderIsHere(
  journal: Journal,
  swarm: SwarmPort,
  signal: AbortSignal,
): Promise<boolean> {
  const holders = new Set<RelayId>();
  for await (const entry of journal.entries()) {
    if (entry.kind === 'stored') for (const holder of entry.holders) holders.add(holder);
  }
  if (holders.size === 0) return true;
  return (await swarm.members(signal)).some(({ id }) => holders.has(id));
}
