/** The mesh of a swarm as one of its relays tells it. */
import { Topology } from '../../shared/protocol/topology.ts';
import { parseWith } from '../../shared/protocol/schemas.ts';

export async function readTopology(url: string): Promise<Topology> {
  const answer = await fetch(`${url}/topology`);
  return parseWith(Topology, await answer.json(), 'The topology');
}

/** What is wrong with the mesh for these relays; nothing when each has 3 to 5 neighbours and all are connected. */
export function topologyFaults({ relays, links }: Topology, expected: readonly string[]): string[] {
  const faults: string[] = [];
  const listed = relays.map(({ id }) => id).sort();
  if (listed.join() !== [...expected].sort().join())
    faults.push(`${String(listed.length)} relays are listed`);
  const neighbours = new Map<string, string[]>(expected.map((id) => [id, []]));
  for (const { a, b, mesh } of links) {
    if (!mesh) continue;
    neighbours.get(a)?.push(b);
    neighbours.get(b)?.push(a);
  }
  for (const [id, { length }] of neighbours) {
    if (length < 3 || length > 5) faults.push(`${id.slice(0, 6)} has ${String(length)} neighbours`);
  }
  const reached = new Set<string>();
  const walk = expected.slice(0, 1);
  for (let id = walk.pop(); id !== undefined; id = walk.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    walk.push(...(neighbours.get(id) ?? []));
  }
  if (reached.size < expected.length) faults.push(`only ${String(reached.size)} are connected`);
  return faults;
}
