import { MessageChannel } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { afterEach, describe, expect, it } from 'vitest';
import type { Bytes } from '../../../../shared/bytes.ts';
import { sha256Sync } from '../../../../shared/crypto/hash.ts';
import { AppError } from '../../../../shared/errors.ts';
import { WORKER_IDLE_MS } from '../../../../shared/limits.ts';
import { createBlockWorkerApi } from '../../../../shared/engine/block-worker-api.ts';
import type { BlockWorkerApi } from '../../../../shared/engine/block-worker-api.ts';
import { createInlineWorkers } from '../../../../shared/engine/inline-workers.ts';
import type { BlockWorkers } from '../../../../shared/engine/ports.ts';
import { createWorkerPool } from '../../../../shared/engine/worker-pool.ts';
import { DELETE_KEY, pseudoRandom } from './fakes.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Stores blocks as they are: what the codec does is tested with the codec. */
const codec = {
  compress: (bytes: Bytes) => Promise.resolve({ compression: 'none' as const, bytes }),
  decompress: (bytes: Bytes) => Promise.resolve(bytes),
};

const never = (): AbortSignal => new AbortController().signal;
const key = pseudoRandom(32, 'key');
const job = (size = 1000) => ({
  block: pseudoRandom(size),
  key,
  deleteKey: DELETE_KEY,
  mode: 'none' as const,
});

/** Starts "threads" in this one, over real message channels: transfer, clone and Comlink are as they are. */
class Rig {
  readonly clock = new VirtualClock();
  started = 0;
  alive = 0;
  busy = 0;
  mostBusy = 0;
  /** Jobs wait for this. */
  gate: Promise<void> = Promise.resolve();
  readonly kill: ((cause: unknown) => void)[] = [];
  readonly pool: BlockWorkers & AsyncDisposable;

  constructor(size: number, jobsPerWorker?: number) {
    const limit = jobsPerWorker === undefined ? {} : { jobsPerWorker };
    this.pool = createWorkerPool({ size, clock: this.clock, spawn: () => this.#spawn(), ...limit });
  }

  #spawn() {
    this.started++;
    this.alive++;
    const { port1, port2 } = new MessageChannel();
    const api = createBlockWorkerApi(codec);
    const gated = async <T>(work: () => Promise<T>): Promise<T> => {
      this.mostBusy = Math.max(this.mostBusy, ++this.busy);
      await this.gate;
      this.busy--;
      return work();
    };
    const exposed: BlockWorkerApi = {
      seal: (each) => gated(() => api.seal(each)),
      open: (each) => gated(() => api.open(each)),
      hash: (each) => gated(() => api.hash(each)),
    };
    Comlink.expose(exposed, port2 as unknown as Comlink.Endpoint);
    let ended = false;
    const end = (): void => {
      if (!ended) this.alive--;
      ended = true;
      port1.close();
    };
    const died = new Promise<unknown>((resolve) => {
      this.kill.push((cause) => {
        end();
        resolve(cause);
      });
    });
    return { api: Comlink.wrap<BlockWorkerApi>(port1 as unknown as Comlink.Endpoint), died, terminate: end };
  }
}

let rig: Rig;
afterEach(() => rig.pool[Symbol.asyncDispose]());

describe('jobs', () => {
  it('seal, open and hash across the thread’s border', async () => {
    rig = new Rig(2);
    const { block } = job();
    const plaintext = block.slice();
    const sealed = await rig.pool.seal({ ...job(), block }, never());
    expect(block.byteLength).toBe(0); // Transferred, not copied.
    expect(sealed.blockHash).toEqual(sha256Sync(plaintext));
    const { id, chunk, compression, size } = sealed;
    const opened = await rig.pool.open({ id, chunk, key, compression, size }, never());
    expect(opened).toEqual(plaintext);
    expect(chunk.byteLength).toBe(0);
    expect(await rig.pool.hash(plaintext, never())).toEqual(sha256Sync(plaintext));
    expect(plaintext.byteLength).toBe(1000); // Hashing leaves it with the caller.
  });

  it('do not take more of a buffer than their part', async () => {
    rig = new Rig(1);
    const whole = pseudoRandom(5000);
    const sealed = await rig.pool.seal({ ...job(), block: whole.subarray(1000, 2000) }, never());
    expect(sealed.size).toBe(1000);
    expect(whole.byteLength).toBe(5000);
  });

  it('come back as AppErrors with their code', async () => {
    rig = new Rig(1);
    const { id, chunk, compression, size } = await rig.pool.seal(job(), never());
    chunk[100] = (chunk[100] ?? 0) ^ 1;
    const opening = rig.pool.open({ id, chunk, key, compression, size }, never());
    await expect(opening).rejects.toBeInstanceOf(AppError);
    await expect(opening).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(rig.alive).toBe(1);
    expect(rig.started).toBe(1);
  });

  it('run on as many workers as there are, no more, and start no more than needed', async () => {
    rig = new Rig(3);
    await rig.pool.seal(job(), never());
    await rig.pool.seal(job(), never());
    expect(rig.started).toBe(1);
    // Long enough for all that may run at once to have begun.
    rig.gate = new Promise((resolve) => setTimeout(resolve, 0)).then(() => new Promise(setImmediate));
    await Promise.all(Array.from({ length: 12 }, () => rig.pool.seal(job(), never())));
    expect(rig.started).toBe(3);
    expect(rig.mostBusy).toBe(3);
  });
});

describe('abort', () => {
  it('ends the worker at work, at once, and the next job gets a new one', async () => {
    rig = new Rig(1);
    rig.gate = new Promise(() => undefined);
    const controller = new AbortController();
    const sealing = rig.pool.seal(job(), controller.signal);
    setImmediate(() => controller.abort());
    await expect(sealing).rejects.toMatchObject({ code: 'ABORTED' });
    expect(rig.alive).toBe(0);
    rig.gate = Promise.resolve();
    expect((await rig.pool.seal(job(), never())).size).toBe(1000);
    expect(rig.started).toBe(2);
  });

  it('of a job that waits costs no worker', async () => {
    rig = new Rig(1);
    let open = (): void => undefined;
    rig.gate = new Promise((resolve) => (open = resolve));
    const first = rig.pool.seal(job(), never());
    const controller = new AbortController();
    const second = rig.pool.seal(job(), controller.signal);
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    open();
    await first;
    expect(rig.started).toBe(1);
    expect(rig.alive).toBe(1);
  });

  it('before the job starts no worker', async () => {
    rig = new Rig(1);
    await expect(rig.pool.seal(job(), AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
    expect(rig.started).toBe(0);
  });
});

describe('workers', () => {
  it('that crash fail their job only, and are replaced', async () => {
    rig = new Rig(2);
    rig.gate = new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const jobs = [rig.pool.seal(job(), never()), rig.pool.seal(job(), never())];
    setImmediate(() => rig.kill[0]?.(new Error('out of memory')));
    const outcomes = await Promise.allSettled(jobs);
    expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { code: 'INTERNAL' } });
    expect(outcomes[1]).toMatchObject({ status: 'fulfilled' });
    await Promise.all([rig.pool.seal(job(), never()), rig.pool.seal(job(), never())]);
    expect(rig.started).toBe(3);
    expect(rig.alive).toBe(2);
  });

  it('that die while they rest are not used again', async () => {
    rig = new Rig(1);
    await rig.pool.seal(job(), never());
    rig.kill[0]?.(new Error('killed'));
    await new Promise(setImmediate);
    expect((await rig.pool.seal(job(), never())).size).toBe(1000);
    expect(rig.started).toBe(2);
  });

  it('that cannot be started fail the job', async () => {
    rig = new Rig(1);
    const pool = createWorkerPool({
      size: 1,
      clock: rig.clock,
      spawn: () => {
        throw new Error('no threads left');
      },
    });
    for (let i = 0; i < 2; i++) await expect(pool.seal(job(), never())).rejects.toBeInstanceOf(AppError);
    await pool[Symbol.asyncDispose]();
  });

  it('are replaced after so many jobs, with no job lost', async () => {
    rig = new Rig(1, 3);
    for (let i = 0; i < 7; i++) expect(await rig.pool.hash(pseudoRandom(10), never())).toHaveLength(32);
    expect(rig).toMatchObject({ started: 3, alive: 1 });
  });

  it('are ended when idle', async () => {
    rig = new Rig(2);
    await Promise.all([rig.pool.seal(job(), never()), rig.pool.seal(job(), never())]);
    expect(rig.alive).toBe(2);
    await rig.clock.run(rig.clock.sleep(WORKER_IDLE_MS + 1, never()));
    expect(rig.alive).toBe(0);
    expect((await rig.pool.seal(job(), never())).size).toBe(1000);
  });

  it('are ended by disposal, and their jobs with them', async () => {
    rig = new Rig(2);
    rig.gate = new Promise(() => undefined);
    const jobs = [1, 2, 3].map(() => rig.pool.seal(job(), never()).catch((error: unknown) => error));
    await new Promise(setImmediate);
    await rig.pool[Symbol.asyncDispose]();
    for (const outcome of await Promise.all(jobs)) expect(outcome).toMatchObject({ code: 'ABORTED' });
    expect(rig.alive).toBe(0);
    expect(rig.clock.pending).toBe(0);
    await expect(rig.pool.seal(job(), never())).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

it('inline workers do the same on this thread', async () => {
  rig = new Rig(1);
  const workers = createInlineWorkers(codec);
  const plaintext = job().block;
  const { id, chunk, compression, size } = await workers.seal(job(), never());
  expect(await workers.open({ id, chunk: chunk.slice(), key, compression, size }, never())).toEqual(
    plaintext,
  );
  const other = { id, chunk: chunk.slice(0, 200), key, compression, size };
  await expect(workers.open(other, never())).rejects.toMatchObject({ code: 'CORRUPT' });
  await expect(workers.hash(plaintext, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
});
