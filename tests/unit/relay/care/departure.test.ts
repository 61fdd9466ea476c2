import { expect, test } from 'vitest';
import { DEFAULT_REPAIR_GRACE_MS, REPLICAS } from '../../../../shared/limits.ts';
import type { VirtualSwarm } from '../../../helpers/virtual-swarm.ts';
import { goodOnDisk, putSome, replicas, swarmWith } from './care-rig.ts';

const stateOf = (swarm: VirtualSwarm, index: number): string =>
  swarm.relay(index).core.care.departure.status.state;

async function leave(swarm: VirtualSwarm, index: number): Promise<void> {
  swarm.relay(index).core.care.departure.begin();
  await swarm.until(() => stateOf(swarm, index) === 'left', { withinMs: 600_000 });
  const { total, placed, total_bytes, placed_bytes } = swarm.relay(index).core.care.departure.status;
  expect([placed, placed_bytes]).toEqual([total, total_bytes]);
  expect(total_bytes).toBeGreaterThan(total);
  await swarm.during(swarm.relay(index).core.care.left);
  await swarm.stop(index);
}

test('six of fourteen relays leave one after another while chunks are stored: none is ever below five', async () => {
  await using stage = await swarmWith(20, { relays: 14, seed: 31 });
  const { swarm } = stage;
  const ids = [...stage.ids];
  for (let index = 13; index >= 8; index--) {
    await leave(swarm, index);
    for (const id of ids) expect(goodOnDisk(swarm, id).length).toBeGreaterThanOrEqual(REPLICAS);
    await swarm.settled();
    ids.push(...(await putSome(swarm, 2)));
  }
  await swarm.run({ ms: DEFAULT_REPAIR_GRACE_MS + 120_000 });
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS));
  expect(swarm.faults).toEqual([]);
});

test('with nowhere to go it refuses, wipes nothing, says why, and takes chunks again', async () => {
  await using stage = await swarmWith(4, { relays: 5, seed: 32 });
  const { swarm, ids } = stage;
  const { departure } = swarm.relay(3).core.care;
  departure.begin();
  await swarm.until(() => departure.status.error !== undefined, { withinMs: 120_000 });
  expect(departure.status).toMatchObject({ state: 'serving', error: { code: 'NOT_ENOUGH_RELAYS' } });
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS));
  const [more] = await putSome(swarm, 1);
  expect(more === undefined ? [] : swarm.holdersOf(more)).toContain(3);
});

test('full relays are nowhere to go', async () => {
  const capacityBytes = (index: number): number => (index < 5 ? 2 ** 30 : 1000);
  await using stage = await swarmWith(3, { relays: 8, seed: 33, capacityBytes });
  const { swarm, ids } = stage;
  await swarm.until(() => replicas(swarm, ids).every((count) => count === REPLICAS), { withinMs: 120_000 });
  const { departure } = swarm.relay(2).core.care;
  departure.begin();
  await swarm.until(() => departure.status.error !== undefined, { withinMs: 120_000 });
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS));
});

test.each([1, 12, 30, 60])(
  'killed at its file operation %i while it leaves, it goes on when it is back',
  async (operation) => {
    await using stage = await swarmWith(20, { relays: 8, seed: 34 });
    const { swarm, ids } = stage;
    const relay = swarm.relay(6);
    expect(relay.core.local.usage.chunks).toBeGreaterThan(5);
    relay.core.care.departure.begin();
    relay.killAtOperation(operation);
    await swarm.run({ seconds: 20 });
    if (relay.alive) expect(stateOf(swarm, 6)).toBe('left');
    else {
      await swarm.restart(6);
      // Between the order and its first durable mark, a crash forgets it.
      if (!relay.core.care.departure.leaving) relay.core.care.departure.begin();
      await swarm.until(() => stateOf(swarm, 6) === 'left', { withinMs: 300_000 });
    }
    expect(relay.core.local.usage.chunks).toBe(0);
    for (const id of ids) {
      expect(relay.hasOnDisk(id)).toBe(false);
      expect(goodOnDisk(swarm, id).length).toBeGreaterThanOrEqual(REPLICAS);
    }
  },
);

test('a leaving relay takes nothing in, tells surveys that it has nothing, and serves reads until the end', async () => {
  await using stage = await swarmWith(10, { relays: 7, seed: 35 });
  const { swarm, ids } = stage;
  const leaving = swarm.relay(1);
  const [id] = ids.filter((each) => swarm.holdersOf(each).includes(1));
  if (id === undefined) throw new Error('Relay 1 holds nothing.');
  leaving.core.care.departure.begin();
  const chunk = swarm.makeChunk();
  await expect(leaving.core.local.store(chunk.id, chunk.bytes, '0'.repeat(32))).rejects.toMatchObject({
    code: 'NO_SPACE',
  });
  await expect(leaving.core.care.auditor.answer(id, '0'.repeat(32))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  expect((await leaving.core.local.read(id)).length).toBeGreaterThan(0);
});
