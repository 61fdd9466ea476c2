import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { BLOCK_BYTES, REPLICAS, UPLOADS_IN_FLIGHT } from '../../../../shared/limits.ts';
import { manifestFromJournal } from '../../../../shared/engine/journal-manifest.ts';
import { placementOrder } from '../../../../shared/placement/placement.ts';
import { FakeWorkers, equalBytes } from './fakes.ts';
import type { WriteFault } from './memory-swarm.ts';
import { Bench } from './upload-bench.ts';

describe('a healthy swarm', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench(7, 5 * BLOCK_BYTES + 12_345);
  });

  it('stores each chunk on the first five relays in placement order, once', async () => {
    const result = await bench.upload();
    expect(result).toMatchObject({ chunkCount: 6, minReplicas: 5, degraded: false, resumedBytes: 0 });
    expect(result.storedBytes).toBe(bench.source.sizeBytes);
    expect(bench.swarm.puts).toBe(6);
    for (let index = 0; index < 6; index++) {
      const { id } = result.manifest.rows.at(index);
      const expected = placementOrder(id, bench.swarm.relays).slice(0, 5);
      expect(new Set(bench.swarm.holdersOf(id).map((relay) => relay.id))).toEqual(
        new Set(expected.map((member) => member.id)),
      );
    }
    bench.expectQuiet();
  });

  it('leaves relays out that were caught lying, while others are there', async () => {
    const [liar, other] = bench.swarm.relays;
    if (liar !== undefined) liar.distrusted = true;
    await bench.upload();
    expect(liar?.chunks.size).toBe(0);
    bench = new Bench(5, BLOCK_BYTES);
    for (const relay of bench.swarm.relays) relay.distrusted = relay.id !== other?.id;
    expect(await bench.upload()).toMatchObject({ minReplicas: 5 });
  });

  it('gives back what was stored', async () => {
    const result = await bench.upload();
    expect(equalBytes(await bench.readBack(result), bench.source.content)).toBe(true);
  });

  it('journals a chunk before its first byte leaves, and its holders after', async () => {
    bench.swarm.beforePut = (id) => {
      expect(bench.journal.of('sealed').map(({ chunk }) => chunk.id)).toContain(id);
      const index = bench.journal.of('sealed').find(({ chunk }) => chunk.id === id)?.chunk.index;
      expect(bench.journal.of('stored').map((entry) => entry.index)).not.toContain(index);
    };
    const { manifestId } = await bench.upload();
    for (const { index, holders } of bench.journal.of('stored')) {
      const sealed = bench.journal.of('sealed').find(({ chunk }) => chunk.index === index);
      expect(sealed).toBeDefined();
      if (sealed === undefined) return;
      expect(new Set(holders)).toEqual(new Set(bench.swarm.holdersOf(sealed.chunk.id).map(({ id }) => id)));
    }
    expect(bench.journal.of('stored')).toHaveLength(6);
    expect(bench.journal.written.at(-1)).toEqual({ kind: 'finished', manifestId });
  });

  it('reports each chunk with its holders', async () => {
    await bench.upload();
    const [first] = bench.progress;
    const rest = bench.progress.filter(({ chunk }) => chunk !== null);
    expect(first).toMatchObject({
      storedBytes: 0,
      chunksStored: 0,
      chunkCount: 6,
      minReplicas: null,
      chunk: null,
    });
    expect(rest).toHaveLength(6);
    expect(new Set(rest.map((each) => each.chunk?.index))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    for (const each of rest) expect(each.chunk?.holders).toHaveLength(5);
    expect(rest.at(-1)).toMatchObject({
      storedBytes: bench.source.sizeBytes,
      // Verifier and IV of the fake format.
      sentBytes: bench.source.sizeBytes + 6 * 48,
      chunksStored: 6,
      minReplicas: 5,
    });
  });

  it('tells in which stage the blocks are, never more than there are, and none at the end', async () => {
    await bench.upload();
    const stages = bench.progress.map((each) => each.stages);
    expect(stages.some(({ sealing }) => sealing > 0)).toBe(true);
    expect(stages.some(({ sending }) => sending > 0)).toBe(true);
    for (const { stages: each, chunksStored, chunkCount } of bench.progress) {
      expect(each.checking + each.sealing + each.sending + each.waiting + chunksStored).toBeLessThanOrEqual(
        chunkCount,
      );
      expect(each).toMatchObject({ checking: 0, waiting: 0, fewestCopies: null });
    }
    expect(stages.at(-1)).toMatchObject({ sealing: 0, sending: 0 });
  });

  it('tells how many copies a chunk has while it looks for the rest', async () => {
    // Four of the seven are left.
    for (const relay of bench.swarm.relays.slice(0, 3)) relay.deadButListed = true;
    await bench.upload();
    const waiting = bench.progress.map((each) => each.stages).filter((each) => each.waiting > 0);
    expect(waiting.map(({ fewestCopies }) => fewestCopies)).toContain(4);
    expect(bench.progress.at(-1)?.stages).toMatchObject({ sending: 0, waiting: 0, fewestCopies: null });
  });

  it('writes entries that come at once in one go', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    bench.workers = new FakeWorkers(6);
    bench.journal.beforeAppend = (entries) => {
      if (bench.journal.appends === 1) {
        setImmediate(release);
        return gate;
      }
      if (bench.journal.appends === 2) expect(entries.length).toBeGreaterThan(1);
      return undefined;
    };
    await bench.upload();
    expect(bench.journal.appends).toBeLessThan(13);
  });

  it('rebuilds the manifest from the journal alone', async () => {
    const { manifest } = await bench.upload();
    const again = await manifestFromJournal(bench.journal);
    expect(again.header).toEqual(manifest.header);
    for (let index = 0; index < 6; index++) expect(again.rows.at(index)).toEqual(manifest.rows.at(index));
  });
});

it('stores an empty file without any relay', async () => {
  const bench = new Bench(0, 0);
  const result = await bench.upload();
  expect(result).toMatchObject({ chunkCount: 0, degraded: false, minReplicas: REPLICAS });
  expect(await bench.readBack(result)).toHaveLength(0);
});

describe('backpressure', () => {
  it('keeps no more blocks than workers and sends in flight, however long the file', async () => {
    const bench = new Bench(5, 40 * BLOCK_BYTES);
    for (const relay of bench.swarm.relays) relay.latencyMs = 1000;
    let most = 0;
    bench.source.beforeRead = () => {
      const stored = bench.journal.of('stored').length;
      most = Math.max(most, bench.source.reads - stored);
    };
    await bench.upload();
    // One of them is the block being read.
    expect(most).toBeLessThanOrEqual(bench.workers.concurrency + UPLOADS_IN_FLIGHT);
    expect(most).toBeGreaterThan(UPLOADS_IN_FLIGHT);
  });

  it('sends at most UPLOADS_IN_FLIGHT chunks at once', async () => {
    const bench = new Bench(5, 20 * BLOCK_BYTES);
    let most = 0;
    bench.swarm.beforePut = () => void (most = Math.max(most, bench.swarm.busy));
    await bench.upload();
    expect(most).toBe(UPLOADS_IN_FLIGHT);
  });
});

describe('too few relays', () => {
  it('stores on all of three and says degraded', async () => {
    const bench = new Bench(3, 2 * BLOCK_BYTES);
    const result = await bench.upload();
    expect(result).toMatchObject({ minReplicas: 3, degraded: true });
    for (const relay of bench.swarm.relays) expect(relay.chunks.size).toBe(2);
  });

  it('fails before it reads where there is nobody, and goes on when somebody comes', async () => {
    const bench = new Bench(5, 2 * BLOCK_BYTES);
    for (const relay of bench.swarm.relays) relay.dead = true;
    const error = await bench.failure();
    expect(error.code).toBe('NOT_ENOUGH_RELAYS');
    expect(error.message).toMatch(/No relay with storage is up/);
    expect(bench.source.reads).toBe(0);
    for (const relay of bench.swarm.relays) relay.dead = false;
    expect(await bench.upload()).toMatchObject({ degraded: false });
  });

  it('counts relays without storage as nobody', async () => {
    const bench = new Bench(2, BLOCK_BYTES);
    for (const relay of bench.swarm.relays) relay.capacity = 0;
    expect((await bench.failure()).code).toBe('NOT_ENOUGH_RELAYS');
  });

  it('says UNAVAILABLE when the swarm does not answer, after three tries', async () => {
    const bench = new Bench(5, BLOCK_BYTES);
    bench.swarm.unreachable = true;
    expect((await bench.failure()).code).toBe('UNAVAILABLE');
    expect(bench.swarm.membersCalls).toBe(3);
  });

  it('fails below the minimum that the user asked for, before it reads', async () => {
    const bench = new Bench(3, BLOCK_BYTES);
    bench.minReplicas = 4;
    expect(await bench.failure()).toMatchObject({
      code: 'NOT_ENOUGH_RELAYS',
      details: { live: 3, minReplicas: 4 },
    });
    expect(bench.source.reads).toBe(0);
    bench.minReplicas = 6;
    expect((await bench.failure()).code).toBe('BAD_INPUT');
  });

  it('fails when relays are listed but nobody stores; the journal stays good', async () => {
    const bench = new Bench(4, 2 * BLOCK_BYTES);
    for (const relay of bench.swarm.relays) relay.deadButListed = true;
    const error = await bench.failure();
    expect(error.code).toBe('NOT_ENOUGH_RELAYS');
    expect(error.message).toMatch(/on 0 relays/);
    expect(bench.journal.of('stored')).toHaveLength(0);
    for (const relay of bench.swarm.relays) relay.deadButListed = false;
    const result = await bench.upload();
    expect(equalBytes(await bench.readBack(result), bench.source.content)).toBe(true);
    bench.expectQuiet();
  });
});

describe('relays that fail', () => {
  it.each<WriteFault>(['refuse', 'hang', 'reset'])('goes on with the next in order: %s', async (fault) => {
    const bench = new Bench(9, 3 * BLOCK_BYTES);
    for (const relay of bench.swarm.relays.slice(0, 4)) relay.writeFault = fault;
    const result = await bench.upload();
    expect(result.minReplicas).toBe(5);
    for (let index = 0; index < 3; index++) {
      const { id } = result.manifest.rows.at(index);
      expect(bench.swarm.holdersOf(id)).toEqual(expect.arrayContaining(bench.swarm.relays.slice(4)));
    }
    bench.expectQuiet();
  });

  it('asks every relay before it settles for less, however many refuse', async () => {
    const bench = new Bench(20, 2 * BLOCK_BYTES);
    for (const relay of bench.swarm.relays.slice(5)) relay.writeFault = 'refuse';
    const result = await bench.upload();
    expect(result).toMatchObject({ minReplicas: 5, degraded: false });
    bench.expectQuiet();
  });

  it.each<WriteFault>([
    'silent',
    'forge-signature',
    'forge-key',
    'other-chunk',
    'other-size',
    'old-nonce',
    'foreign-signer',
  ])('does not count a receipt that does not hold: %s', async (fault) => {
    const bench = new Bench(6, BLOCK_BYTES);
    for (const relay of bench.swarm.relays.slice(0, 3)) relay.writeFault = fault;
    const result = await bench.upload();
    expect(result).toMatchObject({ minReplicas: 3, degraded: true });
    expect(new Set(bench.journal.of('stored')[0]?.holders)).toEqual(
      new Set(bench.swarm.relays.slice(3).map(({ id }) => id)),
    );
  });

  it('counts a signer once', async () => {
    const bench = new Bench(2, BLOCK_BYTES);
    for (const relay of bench.swarm.relays) relay.writeFault = 'duplicate';
    expect((await bench.upload()).minReplicas).toBe(2);
  });

  it('tries again with the same relays when the way to them failed', async () => {
    const bench = new Bench(7, BLOCK_BYTES);
    let failures = 1;
    bench.swarm.beforePut = () => {
      if (failures-- > 0) throw new AppError('UNAVAILABLE', 'Connection lost.');
    };
    const { manifest, minReplicas } = await bench.upload();
    expect(minReplicas).toBe(5);
    const { id } = manifest.rows.at(0);
    const expected = placementOrder(id, bench.swarm.relays).slice(0, 5);
    for (const member of expected) expect(bench.swarm.relay(member.id).chunks.has(id)).toBe(true);
  });

  it('waits for a relay that is too busy', async () => {
    const bench = new Bench(5, BLOCK_BYTES);
    let busy = 6;
    bench.swarm.beforePut = () => {
      if (busy-- > 0) throw new AppError('RATE_LIMITED', 'Too many requests.');
    };
    expect((await bench.upload()).minReplicas).toBe(5);
    expect(bench.clock.now()).toBeGreaterThan(3000);
  });

  it('gives up at once where trying again cannot help, with the relay’s own reason', async () => {
    const bench = new Bench(5, 3 * BLOCK_BYTES);
    bench.swarm.beforePut = () => {
      throw new AppError('FORBIDDEN', 'This swarm is private.');
    };
    expect(await bench.failure()).toMatchObject({ code: 'FORBIDDEN', message: 'This swarm is private.' });
    expect(bench.swarm.puts).toBeLessThanOrEqual(3);
  });

  it('ends a send that hangs', async () => {
    const bench = new Bench(5, BLOCK_BYTES);
    let hanging = 1;
    bench.swarm.beforePut = () => (hanging-- > 0 ? new Promise<void>(() => undefined) : undefined);
    expect((await bench.upload()).minReplicas).toBe(5);
    expect(bench.clock.now()).toBeGreaterThanOrEqual(60_000);
  });

  it('surfaces one stage’s error once and stops the others', async () => {
    const bench = new Bench(5, 30 * BLOCK_BYTES);
    for (const relay of bench.swarm.relays) relay.latencyMs = 50;
    bench.source.beforeRead = (index) => {
      if (index === 12) throw new AppError('IO', 'The disk went away.');
    };
    expect(await bench.failure()).toMatchObject({ code: 'IO', message: 'The disk went away.' });
    bench.expectQuiet();
    expect(bench.source.reads).toBe(13);
  });

  it('fails when the journal cannot be written, and then sends nothing', async () => {
    const bench = new Bench(5, 3 * BLOCK_BYTES);
    bench.journal.beforeAppend = () => {
      throw new AppError('IO', 'No space left on device.');
    };
    expect((await bench.failure()).code).toBe('IO');
    expect(bench.swarm.puts).toBe(0);
  });
});
