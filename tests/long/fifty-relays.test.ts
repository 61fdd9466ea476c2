/** Fifty relay processes: who finds whom by lookups alone, and a deletion while a fifth of them is dead. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { FindRelayAnswer } from '../../shared/protocol/dht-routes.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import { CliUser } from '../helpers/cli.ts';
import { writeRandomFile } from '../helpers/files.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelayProcess } from '../helpers/relays.ts';
import { storedChunks } from '../helpers/stored-chunks.ts';
import { until } from '../helpers/until.ts';

const RELAYS = 50;
const MIB = 2 ** 20;
/** The bound for live relays; real time, since these are real processes. */
const DELETED_WITHIN_MS = 5000;

async function findRelay(from: RelayProcess, id: string): Promise<FindRelayAnswer> {
  const answer = await fetch(`${from.url}/dht/node/${id}`);
  return parseJsonWith(FindRelayAnswer, await answer.text(), 'The lookup');
}

test('each of 50 relays finds every other by a DHT lookup, without UDP', async () => {
  await using swarm = await startRelays(1, { discoveryPort: 0 });
  for (let i = 1; i < RELAYS; i++) await swarm.add(['--join', swarm.entry.url]);
  await swarm.settled();
  const hops: number[] = [];
  const asked: number[] = [];
  for (const from of swarm.relays) {
    for (const to of swarm.relays) {
      if (to === from) continue;
      const found = await findRelay(from, to.id);
      expect(found).toMatchObject({ found: true, peer: { id: to.id, port: to.port } });
      hops.push(found.hops);
      asked.push(found.asked);
    }
  }
  const mean = (values: readonly number[]): number =>
    Math.round((100 * values.reduce((sum, value) => sum + value, 0)) / values.length) / 100;
  console.info({ lookups: hops.length, hops: mean(hops), maxHops: Math.max(...hops), asked: mean(asked) });
  expect(hops).toHaveLength(RELAYS * (RELAYS - 1));
});

test('a deletion reaches all live relays within 5 s while a fifth is dead, and the dead when they return', async () => {
  await using swarm = await startRelays(RELAYS);
  await using user = await CliUser.create();
  const file = user.path('doomed.bin');
  const manifest = user.path('doomed.manifest');
  await writeRandomFile(file, 30 * MIB);
  const entry = ['--entry-node', swarm.entry.url];
  expect((await user.run('distribute', file, ...entry, '-m', manifest)).code).toBe(0);
  const { chunks } = JSON.parse(await readFile(manifest, 'utf8')) as { chunks: { id: string }[] };
  const ids = new Set(chunks.map(({ id }) => id));
  const holds = async (relay: RelayProcess): Promise<number> =>
    (await storedChunks(relay.dir)).filter((id) => ids.has(id)).length;

  const dead = swarm.relays.filter((_, index) => index % 5 === 4);
  const live = swarm.relays.filter((_, index) => index % 5 !== 4);
  await Promise.all(dead.map((relay) => relay.kill('SIGKILL')));
  const held = await Promise.all(dead.map(holds));
  expect(held.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);

  const command = user.run('delete', manifest, '--yes', ...entry, '--json');
  // From the first relay that has deleted a chunk to the last one that has.
  const total = async (): Promise<number> => (await Promise.all(live.map(holds))).reduce((a, b) => a + b, 0);
  const before = await total();
  await until(async () => (await total()) < before, 'the first chunk is gone');
  const began = performance.now();
  await until(async () => (await total()) === 0, 'all live relays have deleted', 60_000);
  const tookMs = performance.now() - began;
  const { code, stdout } = await command;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ pending: expect.anything() as unknown });
  expect(tookMs).toBeLessThan(DELETED_WITHIN_MS);

  const returned: RelayProcess[] = [];
  const served: number[] = [];
  for (const relay of dead) {
    const again = await relay.restart();
    swarm.relays[swarm.relays.indexOf(relay)] = again;
    returned.push(again);
    for (const id of ids) {
      const answer = await fetch(`${again.url}/chunk/${id}`, { headers: { 'x-local-only': '1' } });
      await answer.arrayBuffer();
      served.push(answer.status);
    }
  }
  expect(served).not.toContain(200);
  await until(
    async () => (await Promise.all(returned.map(holds))).every((count) => count === 0),
    'the dead have deleted on their return',
    60_000,
  );
  console.info({ deletedWithinMs: Math.round(tookMs), chunks: ids.size, heldByDead: held });
});
