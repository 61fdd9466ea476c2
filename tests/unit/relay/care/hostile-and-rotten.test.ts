import { expect, test } from 'vitest';
import type { ChunkId } from '../../../../shared/ids.ts';
import { CARE_PASS_INTERVAL_MS, DEFAULT_REPAIR_GRACE_MS, REPLICAS } from '../../../../shared/limits.ts';
import { holdersOf } from '../../../../shared/placement/placement.ts';
import type { VirtualRelay } from '../../../helpers/virtual-relay.ts';
import { CHUNK_BYTES, allAt, goodOnDisk, replicas, swarmWith } from './care-rig.ts';

test('every relay forced to repair at once: no chunk is sent twice, none ends above five', async () => {
  await using stage = await swarmWith(30, { relays: 8, seed: 21 });
  const { swarm, ids } = stage;
  const lost = ids.filter((id) => swarm.holdersOf(id).includes(4)).length;
  swarm.kill(4);
  await swarm.settled();
  const before = swarm.bytesMoved;
  await swarm.during(Promise.all(swarm.live.map(({ core }) => core.care.caretaker.repairNow())));
  expect(swarm.bytesMoved - before).toBe(lost * CHUNK_BYTES);
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS));
  expect(swarm.faults).toEqual([]);
});

test('a relay that claims chunks which it has thrown away is found out, and its share is made anew', async () => {
  await using stage = await swarmWith(20, { relays: 8, seed: 22 });
  const { swarm, ids } = stage;
  const liar = swarm.relay(5);
  for (const id of ids) await liar.store.drop(id);
  liar.core.local.has = () => true;
  await swarm.run({ ms: CARE_PASS_INTERVAL_MS + 120_000 });
  for (const id of ids) expect(goodOnDisk(swarm, id)).toHaveLength(REPLICAS);
  expect(swarm.faults).toEqual([]);
});

test('surplus is not given up on the word of relays that do not have the chunk', async () => {
  await using stage = await swarmWith(8, { relays: 8, seed: 23 });
  const { swarm, ids } = stage;
  // Every relay that has nothing says that it has all: five true holders, and three liars, of whom some rank first.
  for (const { core, store } of swarm.live) {
    const has = core.local.has.bind(core.local);
    core.local.has = (id) => has(id) || !store.has(id);
  }
  await swarm.run({ ms: CARE_PASS_INTERVAL_MS + 120_000 });
  for (const id of ids) expect(goodOnDisk(swarm, id).length).toBeGreaterThanOrEqual(REPLICAS);
});

test('a flipped bit is never copied by repair; the next holder repairs, and the rotten replica is healed', async () => {
  await using stage = await swarmWith(12, { relays: 8, seed: 24 });
  const { swarm, ids } = stage;
  const members = swarm.relay(0).core.membership.list();
  const firstOf = (id: ChunkId): VirtualRelay => {
    const [first] = holdersOf(id, members);
    if (first === undefined) throw new Error('Nobody holds it.');
    return swarm.byId(first.id);
  };
  // The first holder, which would act, has rotted; another one dies.
  const id = ids.find((each) => firstOf(each).index !== 6 && swarm.holdersOf(each).includes(6));
  if (id === undefined) throw new Error('Relay 6 holds nothing.');
  const sick = firstOf(id);
  sick.rot(id);
  const seen: string[] = [];
  sick.core.events.subscribe((event) => {
    if ('id' in event && event.id === id) seen.push(event.type);
  });
  swarm.kill(6);
  await swarm.run({ ms: DEFAULT_REPAIR_GRACE_MS + 180_000 });
  expect(seen.filter((type) => type.startsWith('repair-')).slice(0, 2)).toEqual([
    'repair-rotten',
    'repair-healed',
  ]);
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS));
  for (const each of ids) expect(goodOnDisk(swarm, each)).toHaveLength(REPLICAS);
  expect(swarm.faults).toEqual([]);
});

test('scrub finds a flipped bit by itself, and fetches the chunk anew', async () => {
  await using stage = await swarmWith(10, { relays: 6, seed: 25 });
  const { swarm, ids } = stage;
  const [id] = ids.filter((each) => swarm.holdersOf(each).includes(2));
  if (id === undefined) throw new Error('Relay 2 holds nothing.');
  swarm.kill(2);
  swarm.relay(2).rot(id);
  await swarm.restart(2);
  await swarm.settled();
  await swarm.until(() => goodOnDisk(swarm, id).includes(2), { withinMs: 60_000 });
  expect(swarm.holdersOf(id)).toContain(2);
  expect(swarm.faults).toEqual([]);
});

test('full relays decline, and the next in order takes over', async () => {
  const capacityBytes = (index: number): number => (index < 3 ? 4 * CHUNK_BYTES : 2 ** 30);
  await using stage = await swarmWith(40, { relays: 10, seed: 26, capacityBytes });
  const { swarm, ids } = stage;
  // Clients have put each chunk on its first five, full or not: some are below five until repair.
  await swarm.until(() => allAt(swarm, ids, REPLICAS), { withinMs: 120_000 });
  swarm.kill(9);
  await swarm.run({ ms: DEFAULT_REPAIR_GRACE_MS + 60_000 });
  await swarm.until(() => allAt(swarm, ids, REPLICAS), { withinMs: 120_000 });
  for (const index of [0, 1, 2]) {
    expect(swarm.relay(index).core.local.usage.bytes).toBeLessThanOrEqual(4 * CHUNK_BYTES);
  }
  expect(swarm.faults).toEqual([]);
});

test('capacities count: a relay that lends four times as much takes in more of the chunks', async () => {
  const capacityBytes = (index: number): number => (index === 0 ? 4 : 1) * 2 ** 30;
  await using stage = await swarmWith(60, { relays: 12, seed: 27, capacityBytes });
  const { swarm } = stage;
  const chunks = swarm.live.map(({ core }) => core.local.usage.chunks);
  const [big = 0, ...others] = chunks;
  expect(big).toBeGreaterThan(1.5 * (others.reduce((sum, each) => sum + each, 0) / others.length));
});
