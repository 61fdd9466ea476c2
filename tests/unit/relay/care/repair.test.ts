import { expect, test } from 'vitest';
import { DEFAULT_REPAIR_GRACE_MS, REPLICAS } from '../../../../shared/limits.ts';
import { holdersOf } from '../../../../shared/placement/placement.ts';
import { CHUNK_BYTES, allAt, replicas, swarmWith } from './care-rig.ts';

test('a holder that is killed: nothing moves within the grace, then all is back at five, with few bytes', async () => {
  await using stage = await swarmWith(30, { relays: 8, seed: 11 });
  const { swarm, ids } = stage;
  const lost = ids.filter((id) => swarm.holdersOf(id).includes(3)).length;
  expect(lost).toBeGreaterThan(8);
  const before = swarm.bytesMoved;
  swarm.kill(3, { power: true });
  await swarm.run({ ms: DEFAULT_REPAIR_GRACE_MS - 10_000 });
  expect(swarm.bytesMoved).toBe(before);
  expect(Math.min(...replicas(swarm, ids))).toBe(REPLICAS - 1);
  await swarm.until(() => allAt(swarm, ids, REPLICAS), { withinMs: 60_000 });
  await swarm.run({ minutes: 8 });
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS));
  expect(swarm.bytesMoved - before).toBeLessThanOrEqual(1.2 * lost * CHUNK_BYTES);
  expect(swarm.faults).toEqual([]);
});

test('a restart within the grace moves nothing', async () => {
  await using stage = await swarmWith(30, { relays: 7, seed: 12 });
  const { swarm, ids } = stage;
  const before = swarm.bytesMoved;
  swarm.kill(2);
  await swarm.run({ minutes: 4 });
  await swarm.restart(2);
  await swarm.run({ minutes: 12 });
  expect(swarm.bytesMoved).toBe(before);
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS));
  expect(swarm.faults).toEqual([]);
});

test('a relay that comes back after its chunks were made anew: surplus ends at five, on the first in order', async () => {
  await using stage = await swarmWith(30, { relays: 8, seed: 13 });
  const { swarm, ids } = stage;
  swarm.kill(1);
  await swarm.run({ minutes: 7 });
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS));
  await swarm.restart(1);
  await swarm.settled();
  expect(Math.max(...replicas(swarm, ids))).toBe(REPLICAS + 1);
  await swarm.until(() => allAt(swarm, ids, REPLICAS), { withinMs: DEFAULT_REPAIR_GRACE_MS + 120_000 });
  const members = swarm.relay(0).core.membership.list();
  for (const id of ids) {
    const ideal = holdersOf(id, members).map((member) => swarm.byId(member.id).index);
    expect(swarm.holdersOf(id)).toEqual(ideal.sort((a, b) => a - b));
  }
  expect(swarm.faults).toEqual([]);
});

test('a new relay takes its share once it has stayed', async () => {
  await using stage = await swarmWith(60, { relays: 6, seed: 14 });
  const { swarm, ids } = stage;
  const { index } = await swarm.add();
  await swarm.run({ minutes: 3 });
  expect(swarm.relay(index).core.local.usage.chunks).toBe(0);
  await swarm.run({ minutes: 10 });
  const share = swarm.relay(index).core.local.usage.chunks;
  // 5 of 7 relays hold each chunk.
  expect(share).toBeGreaterThan(60 * (5 / 7) * 0.7);
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS));
  expect(swarm.faults).toEqual([]);
});

test('a degraded swarm of three is completed as relays join', async () => {
  await using stage = await swarmWith(10, { relays: 3, seed: 15 });
  const { swarm, ids } = stage;
  expect(replicas(swarm, ids)).toEqual(ids.map(() => 3));
  for (let i = 0; i < 3; i++) await swarm.add();
  await swarm.until(() => allAt(swarm, ids, REPLICAS), { withinMs: DEFAULT_REPAIR_GRACE_MS + 60_000 });
  expect(swarm.faults).toEqual([]);
});
