import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import { equalBytes, pseudoRandom } from './fakes.ts';
import { Bench } from './upload-bench.ts';

describe('a source that changes', () => {
  it('fails at the end, and a later run sends only what differs', async () => {
    const bench = new Bench(5, 3 * BLOCK_BYTES);
    bench.source.changed = true;
    expect((await bench.failure()).code).toBe('FILE_CHANGED');
    expect(bench.journal.of('finished')).toHaveLength(0);
    const old = bench.journal.of('sealed').find(({ chunk }) => chunk.index === 1)?.chunk;
    bench.source.changed = false;
    bench.source.content = bench.source.content.map((byte, at) => (at === BLOCK_BYTES + 5 ? byte ^ 1 : byte));
    bench.swarm.sent.length = 0;
    const result = await bench.upload();
    expect(result.resumedBytes).toBe(2 * BLOCK_BYTES);
    expect(bench.progress.some(({ stages }) => stages.checking > 0)).toBe(true);
    expect(bench.progress.at(-1)?.stages.checking).toBe(0);
    expect(bench.swarm.sent).toHaveLength(1);
    const renewed = bench.journal.of('sealed').at(-1)?.chunk;
    expect(renewed?.index).toBe(1);
    expect(renewed?.iv).not.toEqual(old?.iv);
    expect(bench.journal.of('abandoned')).toEqual([
      { kind: 'abandoned', id: old?.id, bodyHash: old?.bodyHash },
    ]);
    expect(equalBytes(await bench.readBack(result), bench.source.content)).toBe(true);
  });

  it('never uses an IV twice for different bytes', async () => {
    const bench = new Bench(5, 2 * BLOCK_BYTES);
    // Sealed but not stored.
    bench.swarm.beforePut = () => {
      throw new AppError('FORBIDDEN', 'No.');
    };
    await bench.failure();
    bench.swarm.beforePut = () => undefined;
    bench.source.content = bench.source.content.map((byte) => byte ^ 0xff);
    const result = await bench.upload();
    const used = new Set(
      bench.journal.of('sealed').map(({ chunk }) => Buffer.from(chunk.iv).toString('hex')),
    );
    expect(used.size).toBe(bench.journal.of('sealed').length);
    expect(bench.journal.of('abandoned').length).toBe(bench.journal.of('sealed').length - 2);
    expect(equalBytes(await bench.readBack(result), bench.source.content)).toBe(true);
  });

  it('is refused with another size', async () => {
    const bench = new Bench(5, 2 * BLOCK_BYTES);
    bench.source.content = bench.source.content.slice(1);
    expect((await bench.failure()).code).toBe('FILE_CHANGED');
  });

  it('is refused when a block comes short', async () => {
    const bench = new Bench(5, 2 * BLOCK_BYTES);
    const whole = bench.source.read.bind(bench.source);
    bench.source.read = async (index) => (await whole(index)).slice(0, index === 1 ? 100 : BLOCK_BYTES);
    expect((await bench.failure()).code).toBe('FILE_CHANGED');
  });

  it('is refused at once under a name that cannot be stored', async () => {
    const bench = new Bench(5, BLOCK_BYTES);
    (bench.journal.header as { name: string }).name = '../up';
    expect((await bench.failure()).code).toBe('BAD_INPUT');
    expect(bench.source.reads).toBe(0);
  });
});

describe('abort and resume', () => {
  it('is refused before it begins', async () => {
    const bench = new Bench(5, BLOCK_BYTES);
    expect((await bench.failure(AbortSignal.abort())).code).toBe('ABORTED');
    expect(bench.source.reads).toBe(0);
  });

  it('ends at once though every port hangs', async () => {
    for (const port of ['read', 'seal', 'put'] as const) {
      const bench = new Bench(5, 4 * BLOCK_BYTES);
      const controller = new AbortController();
      const hang = (): Promise<void> => {
        setImmediate(() => controller.abort());
        return new Promise(() => undefined);
      };
      if (port === 'read') bench.source.beforeRead = hang;
      if (port === 'seal') bench.workers.sealFault = hang;
      if (port === 'put') bench.swarm.beforePut = hang;
      expect((await bench.failure(controller.signal)).code).toBe('ABORTED');
      expect(bench.clock.now()).toBeLessThan(2);
      expect(bench.clock.pending).toBe(0);
    }
  });

  it('at any moment: the next run sends no stored chunk again and gives the same file', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 6 * BLOCK_BYTES }),
        async (stops, sizeBytes) => {
          const bench = new Bench(6, sizeBytes);
          for (const stopAfter of stops) {
            const controller = new AbortController();
            let steps = 0;
            const step = (): void => {
              if (steps++ === stopAfter) controller.abort();
            };
            bench.source.beforeRead = step;
            bench.swarm.beforePut = step;
            bench.journal.beforeAppend = step;
            bench.workers.sealFault = () => {
              step();
              return Promise.resolve();
            };
            const outcome = await bench.upload(controller.signal).catch((error: unknown) => error);
            if (outcome instanceof AppError) expect(outcome.code).toBe('ABORTED');
            bench.expectQuiet();
          }
          bench.source.beforeRead = bench.swarm.beforePut = bench.journal.beforeAppend = () => undefined;
          bench.workers.sealFault = () => Promise.resolve();
          const stored = new Set(bench.journal.of('stored').map(({ index }) => index));
          const ids = new Map(bench.journal.of('sealed').map(({ chunk }) => [chunk.index, chunk.id]));
          bench.swarm.sent.length = 0;
          const result = await bench.upload();
          for (const index of stored) expect(bench.swarm.sent).not.toContain(ids.get(index));
          // A chunk that was sealed keeps its id, so that what may lie on relays already is not sent under another.
          for (const [index, id] of ids) expect(result.manifest.rows.at(index).id).toBe(id);
          expect(bench.journal.of('abandoned')).toEqual([]);
          expect(bench.swarm.sent).toHaveLength(result.chunkCount - stored.size);
          expect(result.storedBytes).toBe(sizeBytes);
          expect(equalBytes(await bench.readBack(result), bench.source.content)).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('gives a chunk a new IV when the same block seals differently', async () => {
    const bench = new Bench(5, BLOCK_BYTES);
    bench.swarm.beforePut = () => {
      throw new AppError('FORBIDDEN', 'No.');
    };
    await bench.failure();
    bench.swarm.beforePut = () => undefined;
    const [sealed] = bench.journal.of('sealed');
    // As another version of the codec would: other bytes from the same block and IV.
    const original = bench.workers.seal.bind(bench.workers);
    bench.workers.seal = (job, signal) => original({ ...job, deleteKey: pseudoRandom(32, 'other') }, signal);
    const result = await bench.upload();
    expect(bench.journal.of('abandoned').map(({ id }) => id)).toEqual([sealed?.chunk.id]);
    expect(bench.swarm.sent).not.toContain(undefined);
    expect(bench.swarm.sent.filter((id) => id === sealed?.chunk.id)).toHaveLength(1);
    expect(result.manifest.rows.at(0).id).not.toBe(sealed?.chunk.id);
    expect(equalBytes(await bench.readBack(result), bench.source.content)).toBe(true);
  });

  it('finishes a journal that is finished already, the same way', async () => {
    const bench = new Bench(5, 2 * BLOCK_BYTES);
    const first = await bench.upload();
    const again = await bench.upload();
    expect(again.manifestId).toBe(first.manifestId);
    expect(again).toMatchObject({ sentBytes: 0, resumedBytes: 2 * BLOCK_BYTES });
    expect(bench.journal.of('finished')).toHaveLength(1);
  });

  it('sends a chunk again that has fewer holders than are now asked for', async () => {
    const bench = new Bench(5, BLOCK_BYTES);
    for (const relay of bench.swarm.relays.slice(2)) relay.dead = true;
    bench.source.changed = true;
    await bench.failure();
    bench.source.changed = false;
    for (const relay of bench.swarm.relays) relay.dead = false;
    bench.minReplicas = 5;
    expect(await bench.upload()).toMatchObject({ minReplicas: 5, resumedBytes: 0 });
    expect(bench.journal.of('sealed')).toHaveLength(1);
  });

  it('refuses a journal that does not fit the file', async () => {
    const bench = new Bench(5, BLOCK_BYTES);
    bench.journal.written.push({ kind: 'stored', index: 7, holders: [] });
    expect((await bench.failure()).code).toBe('CORRUPT');
  });
});
