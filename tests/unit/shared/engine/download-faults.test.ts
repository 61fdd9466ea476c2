import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import {
  BLOCK_BYTES,
  GET_ROUNDS,
  HEDGE_INITIAL_MS,
  HEDGE_MAX_MS,
  PENALTY_MS,
} from '../../../../shared/limits.ts';
import { DownloadBench } from './download-bench.ts';
import { equalBytes } from './fakes.ts';
import type { MemoryRelay, ReadFault } from './memory-swarm.ts';
import { never } from './upload-bench.ts';

const FAULTS: readonly ReadFault[] = [
  'hang',
  'reset',
  'garbage',
  'truncate',
  'empty',
  'foreign',
  'oversized',
  'absent',
  'trickle',
];

function choose<T>(all: readonly T[], count: number): T[][] {
  if (count === 0) return [[]];
  return all.flatMap((first, i) => choose(all.slice(i + 1), count - 1).map((rest) => [first, ...rest]));
}

async function expectIntact(bench: DownloadBench): Promise<void> {
  expect(equalBytes(await bench.read(), bench.content)).toBe(true);
  expect(bench.swarm.busy).toBe(0);
  expect(bench.clock.pending).toBe(0);
}

describe('dead relays', () => {
  it.each([
    ['gone from the members', 'dead'],
    ['still listed', 'deadButListed'],
  ] as const)('seven relays: the file survives every choice of four, %s', async (_, how) => {
    const bench = await DownloadBench.create(7, 3 * BLOCK_BYTES + 99);
    const choices = choose(bench.swarm.relays, 4);
    expect(choices).toHaveLength(35);
    for (const dead of choices) {
      for (const relay of dead) relay[how] = true;
      bench.renew();
      await expectIntact(bench);
      for (const relay of dead) relay[how] = false;
    }
  });

  it('may die while the file is read', async () => {
    const bench = await DownloadBench.create(9, 12 * BLOCK_BYTES);
    let gets = 0;
    bench.swarm.beforeGet = () => {
      gets++;
      const victim = bench.swarm.relays[gets / 3 - 1];
      if (gets % 3 === 0 && gets <= 12 && victim !== undefined) victim.deadButListed = true;
    };
    await expectIntact(bench);
    expect(bench.swarm.live).toHaveLength(5);
  });

  it('are told from a lost file: it names the block and what was tried', async () => {
    const bench = await DownloadBench.create(7, 3 * BLOCK_BYTES);
    for (const relay of bench.swarm.relays) relay.chunks.delete(bench.idAt(1));
    const error: unknown = await bench.read().catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'CHUNK_LOST', details: { index: 1, absent: GET_ROUNDS * 8 } });
    expect((error as AppError).message).toMatch(/^Block 1 cannot be read/);
    expect(bench.swarm.busy).toBe(0);
  });

  it('are told from a swarm that does not answer', async () => {
    const bench = await DownloadBench.create(5, BLOCK_BYTES);
    bench.renew();
    bench.swarm.unreachable = true;
    await expect(bench.read()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('bad replicas', () => {
  it('four of five garbage, of every kind: 20 of 20', async () => {
    const kinds: readonly ReadFault[] = ['garbage', 'truncate', 'empty', 'foreign'];
    const bench = await DownloadBench.create(5, 3 * BLOCK_BYTES);
    for (let round = 0; round < 20; round++) {
      bench.swarm.relays.forEach((relay, i) => {
        relay.readFault = i === round % 5 ? null : (kinds[(round + i) % 4] ?? null);
      });
      bench.renew();
      await expectIntact(bench);
    }
  });

  it.each(FAULTS)('%s: on all holders but one', async (fault) => {
    const bench = await DownloadBench.create(7, 2 * BLOCK_BYTES);
    bench.renew();
    const good = bench.swarm.relays.filter((relay) =>
      [0, 1].every((i) => relay.chunks.has(bench.idAt(i))),
    )[0];
    for (const relay of bench.swarm.relays) if (relay !== good) relay.readFault = fault;
    await expectIntact(bench);
  });

  it('any mixture of faults that leaves one good holder per block', async () => {
    const bench = await DownloadBench.create(8, BLOCK_BYTES + 1000);
    const both = bench.holders(0).filter((relay) => bench.holders(1).includes(relay));
    expect(both.length).toBeGreaterThan(0);
    const fault = fc.constantFrom<ReadFault | null>(null, ...FAULTS);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { minLength: 8, maxLength: 8 }),
        fc.constantFrom(...both),
        async (faults, healthy) => {
          bench.swarm.relays.forEach((relay, i) => {
            relay.readFault = relay === healthy ? null : (faults[i] ?? null);
          });
          bench.renew();
          await expectIntact(bench);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are one request each: the next holder is asked at once', async () => {
    const bench = await DownloadBench.create(5, BLOCK_BYTES);
    bench.renew();
    const [first, second] = bench.holders(0);
    if (first !== undefined) first.readFault = 'garbage';
    const began = bench.clock.now();
    bench.swarm.holdersAsked.length = 0;
    await expectIntact(bench);
    expect(bench.swarm.holdersAsked).toEqual([first?.id, second?.id]);
    // One question for the members, and two fetches of 5 ms.
    expect(bench.clock.now() - began).toBe(11);
  });

  it('that nobody else has are found by the swarm', async () => {
    const bench = await DownloadBench.create(30, BLOCK_BYTES);
    bench.renew();
    // Moved to the relay that placement likes least.
    const [chunk] = bench.holders(0).map((relay) => relay.chunks.get(bench.idAt(0)));
    for (const relay of bench.holders(0)) relay.chunks.clear();
    const far = bench.swarm.relays.at(-1);
    if (chunk !== undefined) far?.chunks.set(bench.idAt(0), chunk);
    bench.swarm.holdersAsked.length = 0;
    await expectIntact(bench);
    expect(bench.swarm.holdersAsked.length).toBeLessThanOrEqual(21);
    // And without that search by asking everybody.
    bench.swarm.locates = false;
    await expectIntact(bench);
  });
});

describe('hedging', () => {
  it('asks the next holder when the first is slow, and takes the faster', async () => {
    const bench = await DownloadBench.create(5, BLOCK_BYTES);
    bench.renew();
    const [first, second] = bench.holders(0);
    if (first !== undefined) first.readFault = 'hang';
    const began = bench.clock.now();
    bench.swarm.holdersAsked.length = 0;
    await expectIntact(bench);
    expect(bench.swarm.holdersAsked).toEqual([first?.id, second?.id]);
    expect(bench.clock.now() - began).toBe(1 + HEDGE_INITIAL_MS + 5);
  });

  it('reaches the fifth holder though four hang', async () => {
    const bench = await DownloadBench.create(5, BLOCK_BYTES);
    bench.renew();
    for (const relay of bench.holders(0).slice(0, 4)) relay.readFault = 'hang';
    const began = bench.clock.now();
    await expectIntact(bench);
    expect(bench.clock.now() - began).toBe(1 + 4 * HEDGE_INITIAL_MS + 5);
  });

  it('adapts to the latencies seen', async () => {
    const bench = await DownloadBench.create(5, 12 * BLOCK_BYTES);
    bench.renew();
    for (const relay of bench.swarm.relays) relay.latencyMs = 700;
    await bench.read();
    expect(bench.view.latencies.hedgeDelayMs()).toBe(700);
    // A swarm that is slow as a whole is not asked twice for everything.
    bench.swarm.gets = 0;
    await bench.read();
    expect(bench.swarm.gets).toBe(12);
    for (const relay of bench.swarm.relays) relay.latencyMs = 20_000;
    await bench.read(0, 10);
    expect(bench.view.latencies.hedgeDelayMs()).toBeLessThanOrEqual(HEDGE_MAX_MS);
  });

  it('waits for a relay that is too busy instead of asking others through it', async () => {
    const bench = await DownloadBench.create(5, BLOCK_BYTES);
    bench.renew();
    let busy = 4;
    bench.swarm.beforeGet = () => {
      if (busy-- > 0) throw new AppError('RATE_LIMITED', 'Too many requests.');
    };
    bench.swarm.holdersAsked.length = 0;
    await expectIntact(bench);
    expect(new Set(bench.swarm.holdersAsked).size).toBe(1);
  });
});

describe('memory of bad relays', () => {
  const likeliest = (bench: DownloadBench): MemoryRelay => {
    const count = (relay: MemoryRelay): number =>
      Array.from({ length: bench.blockCount }, (_, i) => i).filter((i) => bench.holders(i)[0] === relay)
        .length;
    return bench.swarm.relays.reduce((best, relay) => (count(relay) > count(best) ? relay : best));
  };

  it.each<ReadFault>(['garbage', 'hang'])('asks a relay last after %s, and again later', async (fault) => {
    const bench = await DownloadBench.create(6, 12 * BLOCK_BYTES);
    bench.renew();
    const bad = likeliest(bench);
    bad.readFault = fault;
    await expectIntact(bench);
    bad.reads = 0;
    bench.view.penalties.add(bad.id, PENALTY_MS);
    await expectIntact(bench);
    expect(bad.reads).toBe(0);
    await bench.clock.run(bench.clock.sleep(PENALTY_MS, never()));
    bad.readFault = null;
    await expectIntact(bench);
    expect(bad.reads).toBeGreaterThan(0);
  });

  it('does not hold absence against a relay', async () => {
    const bench = await DownloadBench.create(6, 6 * BLOCK_BYTES);
    bench.renew();
    for (const relay of bench.holders(0).slice(0, 2)) relay.chunks.delete(bench.idAt(0));
    await expectIntact(bench);
    for (const relay of bench.swarm.relays) expect(bench.view.penalties.has(relay.id)).toBe(false);
  });
});
