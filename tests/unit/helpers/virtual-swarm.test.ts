import { expect, test } from 'vitest';
import { GONE_AFTER_MS, SUSPECT_AFTER_MS } from '../../../shared/limits.ts';
import { VirtualSwarm } from '../../helpers/virtual-swarm.ts';

/** One relay's view: how many relays it lists. */
const listed = (swarm: VirtualSwarm, index: number): number => swarm.relay(index).core.membership.size;

test('relays find each other, and hold what they are given', async () => {
  await using swarm = await VirtualSwarm.start({ relays: 7, seed: 3 });
  expect(await swarm.settled()).toBeLessThan(5000);
  const chunk = swarm.makeChunk();
  const { receipts, failed } = await swarm.put(chunk);
  expect(receipts).toHaveLength(5);
  expect(failed).toEqual([]);
  expect(swarm.holdersOf(chunk.id)).toHaveLength(5);
  expect(swarm.onDiskOf(chunk.id)).toEqual(swarm.holdersOf(chunk.id));
  expect(swarm.faults).toEqual([]);
});

test.each([{ power: false }, { power: true }])(
  'a killed relay is gone for the others, $power',
  async ({ power }) => {
    await using swarm = await VirtualSwarm.start({ relays: 5 });
    await swarm.settled();
    swarm.kill(2, { power });
    await swarm.run({ ms: SUSPECT_AFTER_MS - 1000 });
    expect(listed(swarm, 0)).toBe(5);
    const goneMs = await swarm.settled();
    expect(goneMs).toBeGreaterThan(GONE_AFTER_MS - SUSPECT_AFTER_MS - 1000);
    expect(goneMs).toBeLessThan(GONE_AFTER_MS + 3000);
  },
);

test('a restarted relay has its identity and its chunks', async () => {
  await using swarm = await VirtualSwarm.start({ relays: 5 });
  await swarm.settled();
  const chunk = swarm.makeChunk();
  await swarm.put(chunk);
  const { id } = swarm.relay(4);
  swarm.kill(4);
  await swarm.run({ seconds: 20 });
  await swarm.restart(4);
  expect(swarm.relay(4).id).toBe(id);
  await swarm.settled();
  expect(swarm.holdersOf(chunk.id)).toHaveLength(5);
});

test('a partition parts the swarm, and each side goes on', async () => {
  await using swarm = await VirtualSwarm.start({ relays: 6 });
  await swarm.settled();
  const [left, right] = [
    [0, 1, 2],
    [3, 4, 5],
  ];
  swarm.partition([left, right]);
  await swarm.run({ seconds: 15 });
  expect([0, 5].map((index) => listed(swarm, index))).toEqual([3, 3]);
  const chunk = swarm.makeChunk();
  await swarm.put(chunk, { entry: 4 });
  expect(swarm.holdersOf(chunk.id)).toEqual(right);
  swarm.heal();
  await swarm.settled();
});

test('a stopped process falls behind and comes back', async () => {
  await using swarm = await VirtualSwarm.start({ relays: 4 });
  await swarm.settled();
  swarm.freeze(1);
  await swarm.run({ seconds: 20 });
  expect(listed(swarm, 0)).toBe(3);
  swarm.thaw(1);
  await swarm.run({ seconds: 10 });
  expect([0, 1].map((index) => listed(swarm, index))).toEqual([4, 4]);
});

test('lost datagrams and late segments make no healthy relay gone', async () => {
  await using swarm = await VirtualSwarm.start({ relays: 8, loss: 0.3 });
  await swarm.settled();
  const left: string[] = [];
  for (const { core } of swarm.live)
    core.events.subscribe(({ type }) => type === 'peer-left' && left.push(type));
  await swarm.run({ minutes: 2 });
  expect(left).toEqual([]);
});

/** A run in which much happens at once. */
async function busyRun(seed: number): Promise<string> {
  await using swarm = await VirtualSwarm.start({ relays: 6, seed, loss: 0.1 });
  await swarm.settled();
  const chunks = Array.from({ length: 12 }, () => swarm.makeChunk(20_000));
  const puts = chunks.map(({ id, bytes }, i) =>
    swarm.relay(i % 3).core.writer.put(
      {
        ...{ id, sizeHintBytes: bytes.length, nonceHex: '00'.repeat(16) },
        body: (async function* () {
          yield await Promise.resolve(bytes);
        })(),
        replicateTo: swarm.live.map((relay) => relay.id).slice(0, 5),
      },
      new AbortController().signal,
    ),
  );
  swarm.relay(3).killAtOperation(30);
  await swarm.during(Promise.all(puts));
  expect(swarm.relay(3).alive).toBe(false);
  await swarm.restart(3);
  await swarm.settled();
  expect(swarm.faults).toEqual([]);
  return swarm.fingerprint;
}

test('the same seed gives the same run, and another one another', async () => {
  const first = await busyRun(7);
  expect(await busyRun(7)).toBe(first);
  expect(await busyRun(8)).not.toBe(first);
});

test('30 days pass in a moment when all sleep', async () => {
  await using swarm = await VirtualSwarm.start({ relays: 5 });
  await swarm.settled();
  await swarm.suspend({ days: 30 });
  await swarm.run({ minutes: 1 });
  expect(swarm.now).toBeGreaterThan(30 * 86_400_000);
  await swarm.settled();
});

test('a killed process stops between two file operations, whichever they are', async () => {
  const outcomes = new Set<number | string>();
  for (let count = 1; count <= 24; count++) {
    await using swarm = await VirtualSwarm.start({ relays: 1, seed: count });
    const chunk = swarm.makeChunk();
    swarm.relay(0).killAtOperation(count);
    const outcome = await swarm.put(chunk, { withinMs: 1000 }).then(
      ({ receipts }) => receipts.length,
      () => 'never answered',
    );
    outcomes.add(outcome);
    expect(swarm.relay(0).alive, `operation ${String(count)}`).toBe(outcome === 1);
    await swarm.restart(0);
    await swarm.run({ seconds: 1 });
    if (outcome === 1) expect(swarm.holdersOf(chunk.id)).toEqual([0]);
    expect(swarm.onDiskOf(chunk.id)).toEqual(swarm.holdersOf(chunk.id));
  }
  expect(outcomes.size).toBe(2);
});
