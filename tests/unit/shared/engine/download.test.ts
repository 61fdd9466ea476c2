import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { BLOCK_BYTES, READ_AHEAD_BLOCKS } from '../../../../shared/limits.ts';
import { createDownloader } from '../../../../shared/engine/download.ts';
import { DownloadBench } from './download-bench.ts';
import { collect, equalBytes } from './fakes.ts';
import { never } from './upload-bench.ts';

describe('ranges', () => {
  it('of any file give exactly their bytes', async () => {
    const around = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: -2, max: 2 }));
    const offset = fc.oneof(
      around.map(([blocks, off]) => Math.max(0, blocks * BLOCK_BYTES + off)),
      fc.integer({ min: 0, max: 4 * BLOCK_BYTES }),
    );
    await fc.assert(
      fc.asyncProperty(
        offset,
        fc.array(fc.tuple(offset, offset), { minLength: 3, maxLength: 3 }),
        async (size, pairs) => {
          const bench = await DownloadBench.create(6, size);
          expect(equalBytes(await bench.read(), bench.content)).toBe(true);
          for (const [a, b] of pairs) {
            const start = Math.min(a, b, size);
            const end = Math.min(Math.max(a, b), size);
            expect(equalBytes(await bench.read(start, end), bench.content.subarray(start, end))).toBe(true);
          }
          expect(bench.swarm.busy).toBe(0);
          expect(bench.clock.pending).toBe(0);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('fetch only the blocks that they touch', async () => {
    const bench = await DownloadBench.create(5, 6 * BLOCK_BYTES);
    bench.swarm.gets = 0;
    await bench.read(2 * BLOCK_BYTES, 3 * BLOCK_BYTES);
    expect(bench.swarm.gets).toBe(1);
    await bench.read(2 * BLOCK_BYTES - 1, 3 * BLOCK_BYTES + 1);
    expect(bench.swarm.gets).toBe(4);
    await bench.read(17, 17);
    expect(bench.swarm.gets).toBe(4);
  });

  it('come in pieces of at most a block, in order', async () => {
    const bench = await DownloadBench.create(5, 3 * BLOCK_BYTES + 10);
    // The first block is the slowest.
    for (const relay of bench.holders(0)) relay.latencyMs = 40;
    const sizes: number[] = [];
    await bench.clock.run(
      (async () => {
        for await (const piece of bench.downloader.read({ start: 5, end: bench.content.length }, never()))
          sizes.push(piece.length);
      })(),
    );
    expect(sizes).toEqual([BLOCK_BYTES - 5, BLOCK_BYTES, BLOCK_BYTES, 10]);
  });

  it('outside the file are refused', async () => {
    const bench = await DownloadBench.create(5, 100);
    for (const [start, end] of [
      [-1, 5],
      [5, 4],
      [0, 101],
      [0.5, 4],
      [0, Number.NaN],
    ] as const)
      await expect(bench.read(start, end)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

describe('read-ahead', () => {
  it('begins with one block and stays within its bound while the consumer waits', async () => {
    const bench = await DownloadBench.create(5, 30 * BLOCK_BYTES);
    bench.swarm.gets = 0;
    const pieces = bench.downloader.read({ start: 0, end: bench.content.length }, never());
    const first = bench.clock.run(pieces.next());
    const asked: number[] = [];
    bench.swarm.beforeGet = () => void asked.push(bench.workers.opened);
    await first;
    // Nothing else was asked for before the first block was open.
    expect(asked.filter((opened) => opened === 0)).toHaveLength(1);
    // A consumer that takes its time: the window fills, and then nothing happens.
    for (let taken = 1; taken <= 6; taken++) {
      await bench.clock.run(bench.clock.sleep(60_000, never()));
      expect(bench.swarm.gets).toBe(taken + Math.min(2 ** taken, READ_AHEAD_BLOCKS));
      expect((await bench.clock.run(pieces.next())).done).toBe(false);
    }
    await bench.clock.run(pieces.return());
  });

  it('ends with the loop', async () => {
    const bench = await DownloadBench.create(5, 20 * BLOCK_BYTES);
    await bench.read(0, 3 * BLOCK_BYTES);
    for (const relay of bench.swarm.relays) relay.latencyMs = 100;
    await bench.clock.run(
      (async () => {
        for await (const piece of bench.downloader.read({ start: 0, end: bench.content.length }, never()))
          if (piece.length > 0) break;
      })(),
    );
    expect(bench.swarm.busy).toBe(0);
    expect(bench.clock.pending).toBe(0);
  });
});

describe('abort', () => {
  it('ends a read at once, whatever it waits for', async () => {
    for (const fault of ['hang', 'trickle', null] as const) {
      const bench = await DownloadBench.create(5, 4 * BLOCK_BYTES);
      for (const relay of bench.swarm.relays) relay.readFault = fault;
      const controller = new AbortController();
      const began = bench.clock.now();
      bench.swarm.beforeGet = () => void setImmediate(() => controller.abort());
      await expect(bench.read(0, bench.content.length, controller.signal)).rejects.toMatchObject({
        code: 'ABORTED',
      });
      expect(bench.clock.now() - began).toBeLessThan(1000);
      expect(bench.swarm.busy).toBe(0);
      expect(bench.clock.pending).toBe(0);
    }
  });

  it('while the consumer holds a piece is seen at the next', async () => {
    const bench = await DownloadBench.create(5, 4 * BLOCK_BYTES);
    const controller = new AbortController();
    const pieces = bench.downloader.read({ start: 0, end: bench.content.length }, controller.signal);
    await bench.clock.run(pieces.next());
    controller.abort();
    await expect(bench.clock.run(pieces.next())).rejects.toMatchObject({ code: 'ABORTED' });
    expect(bench.swarm.busy).toBe(0);
  });

  it('before the start asks nobody', async () => {
    const bench = await DownloadBench.create(5, 100);
    bench.swarm.gets = 0;
    await expect(bench.read(0, 100, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
    expect(bench.swarm.gets).toBe(0);
  });

  it('of one reader leaves another alone', async () => {
    const bench = await DownloadBench.create(5, 3 * BLOCK_BYTES);
    bench.renew();
    const controller = new AbortController();
    const range = { start: 0, end: bench.content.length };
    // Both wait for the same question for members.
    const one = collect(bench.downloader.read(range, controller.signal)).catch((error: unknown) => error);
    const other = collect(bench.downloader.read(range, never()));
    controller.abort();
    expect(await bench.clock.run(one)).toMatchObject({ code: 'ABORTED' });
    expect(equalBytes(await bench.clock.run(other), bench.content)).toBe(true);
  });
});

describe('a manifest that lies', () => {
  it('about its number of chunks is refused', async () => {
    const { manifest, swarm, workers, clock } = await DownloadBench.create(5, 3 * BLOCK_BYTES);
    const header = { ...manifest.header, size: manifest.header.size + 1 };
    expect(() => createDownloader({ manifest: { ...manifest, header }, swarm, workers, clock })).toThrow(
      AppError,
    );
  });

  it('about a block’s size or place is refused', async () => {
    const { manifest, swarm, workers, clock } = await DownloadBench.create(5, 2 * BLOCK_BYTES);
    for (const lie of [{ size: 5 }, { index: 1 }]) {
      const rows = {
        length: 2,
        at: (index: number) => Promise.resolve({ ...manifest.rows.at(index), ...lie }),
      };
      const downloader = createDownloader({
        manifest: { header: manifest.header, rows },
        swarm,
        workers,
        clock,
      });
      const reading = clock.run(collect(downloader.read({ start: 0, end: 10 }, never())));
      await expect(reading).rejects.toMatchObject({ code: 'CORRUPT' });
    }
  });

  it('about its key gives nothing', async () => {
    const { manifest, swarm, workers, clock } = await DownloadBench.create(5, BLOCK_BYTES);
    const rows = { length: 1, at: () => ({ ...manifest.rows.at(0), id: 'ab'.repeat(32) as never }) };
    const downloader = createDownloader({
      manifest: { header: manifest.header, rows },
      swarm,
      workers,
      clock,
    });
    const reading = clock.run(collect(downloader.read({ start: 0, end: 10 }, never())));
    await expect(reading).rejects.toMatchObject({ code: 'CHUNK_LOST', details: { index: 0 } });
  });
});
