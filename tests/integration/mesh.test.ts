/** The gossip mesh of real relay processes, as `GET /topology` shows it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIN_OPEN_LINKS } from '../../shared/limits.ts';
import { Status } from '../../shared/protocol/routes.ts';
import { parseWith } from '../../shared/protocol/schemas.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelayProcess, RelaySwarm } from '../helpers/relays.ts';
import { readTopology, topologyFaults } from '../helpers/topology.ts';
import { until } from '../helpers/until.ts';

const RELAYS = 12;

let swarm: RelaySwarm;
beforeAll(async () => {
  swarm = await startRelays(RELAYS);
}, 120_000);
afterAll(() => swarm[Symbol.asyncDispose]());

function live(): RelayProcess[] {
  return swarm.relays.filter((relay) => relay.alive);
}

async function linksOf(relay: RelayProcess): Promise<number> {
  const answer = await fetch(`${relay.url}/status`);
  return parseWith(Status, await answer.json(), 'The status').links;
}

/** Waits until each of `asked` shows a mesh of exactly the live relays without fault. */
async function meshed(asked = live()): Promise<void> {
  const ids = live().map(({ id }) => id);
  await until(async () => {
    const views = await Promise.all(asked.map(({ url }) => readTopology(url)));
    return views.every((view) => topologyFaults(view, ids).length === 0);
  }, 'every relay has 3 to 5 neighbours, and all are connected');
}

describe('the mesh of 12 relay processes', () => {
  it('gives each 3 to 5 neighbours, connects all, and looks the same from everywhere', async () => {
    await meshed();
    await until(
      async () => (await Promise.all(live().map(linksOf))).every((links) => links >= MIN_OPEN_LINKS),
      'every relay has links to spare',
    );
  });

  it('heals when three die, and takes in one that comes', async () => {
    for (const relay of swarm.relays.slice(1, 4)) await relay.kill();
    await meshed();
    await swarm.add();
    await meshed();
    expect(live()).toHaveLength(RELAYS - 2);
  });
});
