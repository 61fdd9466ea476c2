/** Chunks below five that nobody can complete at the moment, or above that nobody can tell: they are looked at again as soon as that may change. */
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import {
  CARE_PASS_INTERVAL_MS,
  DEFAULT_REPAIR_GRACE_MS,
  DISTRUST_MS,
  MAX_WATCHED_CHUNKS,
  REPLICAS,
} from '../../../../shared/limits.ts';
import { holdersOf } from '../../../../shared/placement/placement.ts';
import { allAt, goodOnDisk, putSome, replicas, swarmWith } from './care-rig.ts';

const SECOND_MS = 1000;

test('chunks stored while a relay is away have it as their fifth holder soon after it is back', async () => {
  await using stage = await swarmWith(0, { relays: 5, seed: 71 });
  const { swarm } = stage;
  swarm.kill(4);
  await swarm.settled();
  const ids = await putSome(swarm, 6);
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS - 1));
  await swarm.restart(4);
  await swarm.settled();
  await swarm.until(() => allAt(swarm, ids, REPLICAS), { withinMs: DEFAULT_REPAIR_GRACE_MS + 5 * SECOND_MS });
  expect(swarm.faults).toEqual([]);
});

test('more chunks at once than can be watched one by one: all are looked at instead', async () => {
  await using stage = await swarmWith(0, { relays: 5, seed: 76 });
  const { swarm } = stage;
  swarm.kill(4);
  await swarm.settled();
  for (const { core, id } of swarm.live)
    for (let n = 0; n < MAX_WATCHED_CHUNKS; n++)
      core.events.publish({ type: 'chunk-stored', id: n.toString(16).padStart(64, '0'), relay: id, size: 1 });
  const ids = await putSome(swarm, 6);
  await swarm.restart(4);
  await swarm.settled();
  await swarm.until(() => allAt(swarm, ids, REPLICAS), { withinMs: DEFAULT_REPAIR_GRACE_MS + 5 * SECOND_MS });
  expect(swarm.faults).toEqual([]);
});

test('a look while the one relay that lacks them is away again is not the last one before the hourly look', async () => {
  await using stage = await swarmWith(0, { relays: 5, seed: 72 });
  const { swarm } = stage;
  swarm.kill(4);
  await swarm.settled();
  const ids = await putSome(swarm, 6);
  await swarm.restart(4);
  await swarm.run({ minutes: 4 });
  swarm.kill(4);
  await swarm.run({ minutes: 2 });
  await swarm.restart(4);
  await swarm.settled();
  await swarm.until(() => allAt(swarm, ids, REPLICAS), { withinMs: DEFAULT_REPAIR_GRACE_MS });
  expect(swarm.faults).toEqual([]);
});

test('a relay that was distrusted is given what it lacks when that is over, not at the hourly look after', async () => {
  await using stage = await swarmWith(8, { relays: 5, seed: 73 });
  const { swarm, ids } = stage;
  const liar = swarm.relay(4);
  for (const id of ids) await liar.store.drop(id);
  const has = liar.core.local.has.bind(liar.core.local);
  liar.core.local.has = () => true;
  await swarm.run({ ms: CARE_PASS_INTERVAL_MS });
  liar.core.local.has = has;
  const distrustedAtLeastSince = swarm.now;
  await swarm.run({ minutes: 30 });
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS - 1));
  // One that lends nothing has everything looked at, and the next hour begin.
  await swarm.add({ capacityBytes: 0 });
  const withinMs = distrustedAtLeastSince + DISTRUST_MS + DEFAULT_REPAIR_GRACE_MS - swarm.now;
  await swarm.until(() => ids.every((id) => goodOnDisk(swarm, id).length === REPLICAS), { withinMs });
  expect(swarm.faults).toEqual([]);
});

test('after a partition, what each side has stored moves to its five without waiting for other holders', async () => {
  const graceMs = 20 * SECOND_MS;
  await using stage = await swarmWith(0, { relays: 6, seed: 75, core: { repairGraceMs: graceMs } });
  const { swarm } = stage;
  swarm.partition([
    [0, 1, 2],
    [3, 4, 5],
  ]);
  await swarm.run({ minutes: 2 });
  const ids = [...(await putSome(swarm, 20, 0)), ...(await putSome(swarm, 20, 3))];
  await swarm.run({ minutes: 2 });
  expect(replicas(swarm, ids)).toEqual(ids.map(() => 3));
  swarm.heal();
  await swarm.settled();
  const members = swarm.relay(0).core.membership.list();
  const ideal = ids.map((id) =>
    holdersOf(id, members)
      .map((member) => swarm.byId(member.id).index)
      .sort(),
  );
  const isAtRest = (): boolean =>
    isDeepStrictEqual(
      ids.map((id) => swarm.holdersOf(id)),
      ideal,
    );
  await swarm.until(isAtRest, { withinMs: graceMs + 30 * SECOND_MS });
  expect(swarm.faults).toEqual([]);
});

test('a relay that is back, and silent while the others look for what is too many: no chunk stays at six', async () => {
  await using stage = await swarmWith(12, { relays: 6, seed: 77 });
  const { swarm, ids } = stage;
  swarm.kill(5);
  await swarm.until(() => allAt(swarm, ids, REPLICAS), { withinMs: DEFAULT_REPAIR_GRACE_MS + 60_000 });
  await swarm.restart(5);
  await swarm.settled();
  await swarm.run({ ms: DEFAULT_REPAIR_GRACE_MS - 5 * SECOND_MS });
  swarm.freeze(5);
  await swarm.run({ seconds: 30 });
  swarm.thaw(5);
  await swarm.settled();
  expect(ids.filter((id) => swarm.onDiskOf(id).length > REPLICAS).length).toBeGreaterThan(5);
  const counts: number[] = [];
  const isAtRest = (): boolean => {
    const now = replicas(swarm, ids);
    counts.push(...now);
    return now.every((count) => count === REPLICAS);
  };
  await swarm.until(isAtRest, { withinMs: DEFAULT_REPAIR_GRACE_MS + 60_000 });
  expect(Math.min(...counts)).toBe(REPLICAS);
  expect(swarm.faults).toEqual([]);
});
