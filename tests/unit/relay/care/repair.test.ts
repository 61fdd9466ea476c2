import { expect, test } from 'vitest';
import type { ChunkId } from '../../../../shared/ids.ts';
import { DEFAULT_REPAIR_GRACE_MS, REPLICAS } from '../../../../shared/limits.ts';
import { holdersOf } from '../../../../shared/placement/placement.ts';
import { VirtualSwarm } from '../../../helpers/virtual-swarm.ts';
import type { VirtualSwarmOptions } from '../../../helpers/virtual-swarm.ts';

const GRACE = { ms: DEFAULT_REPAIR_GRACE_MS };
const CHUNK_BYTES = 4000;

/** A swarm that holds `chunks`, all of them by their placement, and whose first grace is over. */
async function swarmWith(chunks: number, options: VirtualSwarmOptions) {
  const swarm = await VirtualSwarm.start(options);
  try {
    await swarm.settled();
    const ids = await putSome(swarm, chunks);
    await swarm.run(GRACE);
    await swarm.run({ seconds: 30 });
    return { swarm, ids };
  } catch (cause) {
    await swarm[Symbol.asyncDispose]();
    throw cause;
  }
}

async function putSome(swarm: VirtualSwarm, count: number): Promise<ChunkId[]> {
  const ids: ChunkId[] = [];
  for (let i = 0; i < count; i++) {
    const chunk = swarm.makeChunk(CHUNK_BYTES);
    await swarm.put(chunk);
    ids.push(chunk.id);
  }
  return ids;
}

const replicas = (swarm: VirtualSwarm, ids: readonly ChunkId[]): number[] =>
  ids.map((id) => swarm.holdersOf(id).length);

const allAt = (swarm: VirtualSwarm, ids: readonly ChunkId[], count: number): boolean =>
  replicas(swarm, ids).every((each) => each === count);

test('a holder that is killed: nothing moves within the grace, then all is back at five, with few bytes', async () => {
  const { swarm, ids } = await swarmWith(40, { relays: 8, seed: 11 });
  await using _ = swarm;
  const lost = ids.filter((id) => swarm.holdersOf(id).includes(3)).length;
  expect(lost).toBeGreaterThan(10);
  const before = swarm.bytesMoved;
  swarm.kill(3, { power: true });
  await swarm.run({ ms: DEFAULT_REPAIR_GRACE_MS - 10_000 });
  expect(swarm.bytesMoved).toBe(before);
  expect(Math.min(...replicas(swarm, ids))).toBe(REPLICAS - 1);
  await swarm.until(() => allAt(swarm, ids, REPLICAS), { withinMs: 60_000 });
  await swarm.run({ minutes: 30 });
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS));
  expect(swarm.bytesMoved - before).toBeLessThanOrEqual(1.2 * lost * CHUNK_BYTES);
  expect(swarm.faults).toEqual([]);
});

test('a restart within the grace moves nothing', async () => {
  const { swarm, ids } = await swarmWith(30, { relays: 7, seed: 12 });
  await using _ = swarm;
  const before = swarm.bytesMoved;
  swarm.kill(2);
  await swarm.run({ minutes: 4 });
  await swarm.restart(2);
  await swarm.run({ minutes: 30 });
  expect(swarm.bytesMoved).toBe(before);
  expect(replicas(swarm, ids)).toEqual(ids.map(() => REPLICAS));
  expect(swarm.faults).toEqual([]);
});

test('a relay that comes back after its chunks were made anew: surplus ends at five, on the first in order', async () => {
  const { swarm, ids } = await swarmWith(30, { relays: 8, seed: 13 });
  await using _ = swarm;
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
  const { swarm, ids } = await swarmWith(60, { relays: 6, seed: 14 });
  await using _ = swarm;
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
  const { swarm, ids } = await swarmWith(10, { relays: 3, seed: 15 });
  await using _ = swarm;
  expect(replicas(swarm, ids)).toEqual(ids.map(() => 3));
  for (let i = 0; i < 3; i++) await swarm.add();
  await swarm.until(() => allAt(swarm, ids, REPLICAS), { withinMs: DEFAULT_REPAIR_GRACE_MS + 60_000 });
  expect(swarm.faults).toEqual([]);
});
