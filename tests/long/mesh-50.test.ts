/** Fifty relay processes that only know one of them by `--join`: no UDP. */
import { expect, it } from 'vitest';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RelayProcess, RelaySwarm } from '../helpers/relays.ts';
import { readTopology, topologyFaults } from '../helpers/topology.ts';
import { until } from '../helpers/until.ts';

const RELAYS = 50;
const PATIENCE_MS = 300_000;

async function meshed(swarm: RelaySwarm): Promise<void> {
  const live = swarm.relays.filter((relay) => relay.alive);
  const ids = live.map(({ id }) => id);
  await until(
    async () => {
      for (const relay of [live[0], live.at(-1)]) {
        if (relay === undefined || topologyFaults(await readTopology(relay.url), ids).length > 0)
          return false;
      }
      return true;
    },
    `${String(live.length)} relays have 3 to 5 neighbours each, and are connected`,
    PATIENCE_MS,
  );
}

it('each has 3 to 5 neighbours and the graph is connected, also after a fifth was killed', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'lanvault-mesh-'));
  await using swarm = new RelaySwarm([], 0, dir);
  const started = performance.now();
  swarm.relays.push(await RelayProcess.start({ discoveryPort: 0, dir: path.join(dir, 'relay-0') }));
  for (let i = 1; i < RELAYS; i++) await swarm.add(['--join', swarm.entry.url]);
  const running = performance.now();
  await meshed(swarm);
  const whole = performance.now();
  for (let i = 1; i < RELAYS; i += 5) await swarm.relays[i]?.kill();
  await meshed(swarm);
  const healed = performance.now();
  console.info({
    startMs: Math.round(running - started),
    meshMs: Math.round(whole - running),
    healMs: Math.round(healed - whole),
  });
  expect(swarm.relays.filter((relay) => relay.alive)).toHaveLength(RELAYS - RELAYS / 5);
});
