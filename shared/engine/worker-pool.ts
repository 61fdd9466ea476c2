/** A pool of workers behind Comlink: one job each, ended by an abort, replaced after a crash, let go when idle. */
import { transfer } from 'comlink';
import type { Remote } from 'comlink';
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { WORKER_IDLE_MS } from '../limits.ts';
import type { BlockWorkerApi, Envelope } from './block-worker-api.ts';
import { systemClock } from './clock.ts';
import type { EngineClock } from './clock.ts';
import { Semaphore, forkAbort, untilAborted } from './concurrency.ts';
import type { AbortFork } from './concurrency.ts';
import type { BlockWorkers } from './ports.ts';

/** A worker thread that has `createBlockWorkerApi` exposed. */
export interface SpawnedWorker {
  readonly api: Remote<BlockWorkerApi>;
  /** Resolves with the reason when the worker fails or ends by itself: its `error`, `messageerror` and `exit` events. */
  readonly died: Promise<unknown>;
  terminate(): void | Promise<void>;
}

export interface WorkerPoolOptions {
  /** Workers at most; they are started as jobs come. */
  readonly size: number;
  readonly spawn: () => SpawnedWorker;
  readonly clock?: EngineClock;
  /** A worker is replaced after this many jobs; default never. */
  readonly jobsPerWorker?: number;
}

/** Disposing ends all workers; jobs under way fail with `ABORTED`. */
export function createWorkerPool(options: WorkerPoolOptions): BlockWorkers & AsyncDisposable {
  return new WorkerPool(options);
}

class PooledWorker {
  readonly #spawned: SpawnedWorker;
  #fail: ((error: AppError) => void) | undefined;
  /** Set while it waits for a job; firing it keeps the worker. */
  idle: AbortFork | undefined;
  dead = false;
  jobs = 0;

  constructor(spawned: SpawnedWorker, onDeath: (worker: PooledWorker) => void) {
    this.#spawned = spawned;
    // One listener for its whole life: a race per job would keep every job's result alive as long as the worker.
    const died = (cause: unknown): void => {
      this.dead = true;
      this.idle?.abort();
      onDeath(this);
      this.#fail?.(new AppError('INTERNAL', 'A background worker stopped unexpectedly.', { cause }));
    };
    spawned.died.then(died, died);
  }

  run<T>(call: (api: Remote<BlockWorkerApi>) => Promise<Envelope<T>>): Promise<Envelope<T>> {
    return new Promise<Envelope<T>>((resolve, reject) => {
      this.#fail = reject;
      call(this.#spawned.api).then(resolve, reject);
    }).finally(() => (this.#fail = undefined));
  }

  async end(): Promise<void> {
    this.dead = true;
    this.idle?.abort();
    await this.#spawned.terminate();
  }
}

class WorkerPool implements BlockWorkers, AsyncDisposable {
  readonly concurrency: number;
  readonly #spawn: () => SpawnedWorker;
  readonly #clock: EngineClock;
  readonly #jobsPerWorker: number;
  readonly #slots: Semaphore;
  /** Those that rested longest first. */
  readonly #workers = new Set<PooledWorker>();
  readonly #ending = new Set<Promise<void>>();
  readonly #stopped = new AbortController();

  constructor({ size, spawn, jobsPerWorker = Infinity, clock = systemClock }: WorkerPoolOptions) {
    if (!Number.isInteger(size) || size < 1)
      throw new AppError('BAD_INPUT', 'A pool has at least one worker.');
    this.concurrency = size;
    this.#spawn = spawn;
    this.#jobsPerWorker = jobsPerWorker;
    this.#clock = clock;
    this.#slots = new Semaphore(size);
  }

  readonly seal: BlockWorkers['seal'] = (job, signal) => {
    const block = owned(job.block);
    return this.#run(signal, (api) => api.seal(transfer({ ...job, block }, [block.buffer])));
  };

  readonly open: BlockWorkers['open'] = (job, signal) => {
    const chunk = owned(job.chunk);
    return this.#run(signal, (api) => api.open(transfer({ ...job, chunk }, [chunk.buffer])));
  };

  readonly hash: BlockWorkers['hash'] = (block, signal) => this.#run(signal, (api) => api.hash(block));

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new AppError('ABORTED', 'The background workers have been stopped.'));
    for (const worker of this.#workers) this.#end(worker);
    await Promise.all(this.#ending);
  }

  async #run<T>(
    caller: AbortSignal,
    call: (api: Remote<BlockWorkerApi>) => Promise<Envelope<T>>,
  ): Promise<T> {
    const scope = forkAbort(caller);
    const stop = (): void => scope.abort(AppError.from(this.#stopped.signal.reason));
    if (this.#stopped.signal.aborted) stop();
    else this.#stopped.signal.addEventListener('abort', stop, { once: true });
    try {
      const release = await this.#slots.acquire(scope.signal);
      try {
        return await this.#runOn(this.#take(), scope.signal, call);
      } finally {
        release();
      }
    } finally {
      this.#stopped.signal.removeEventListener('abort', stop);
      scope.abort();
    }
  }

  async #runOn<T>(
    worker: PooledWorker,
    signal: AbortSignal,
    call: (api: Remote<BlockWorkerApi>) => Promise<Envelope<T>>,
  ): Promise<T> {
    let envelope: Envelope<T>;
    try {
      envelope = await untilAborted(signal, worker.run(call));
    } catch (error) {
      // Aborted in the middle of a job, dead, or not understood: nothing of it can be used again.
      this.#end(worker);
      throw AppError.from(error);
    }
    this.#rest(worker);
    if (!envelope.ok) throw AppError.fromObject(envelope.error);
    return envelope.value;
  }

  #take(): PooledWorker {
    // The one that rested last, so that the others may come to their end.
    const worker = [...this.#workers].findLast((each) => each.idle !== undefined);
    if (worker !== undefined) {
      worker.idle?.abort();
      worker.idle = undefined;
      return worker;
    }
    let spawned: SpawnedWorker;
    try {
      spawned = this.#spawn();
    } catch (cause) {
      throw AppError.from(cause);
    }
    const started = new PooledWorker(spawned, (dead) => this.#workers.delete(dead));
    this.#workers.add(started);
    return started;
  }

  #rest(worker: PooledWorker): void {
    if (worker.dead) return;
    if (++worker.jobs >= this.#jobsPerWorker) {
      this.#end(worker);
      return;
    }
    this.#workers.delete(worker);
    this.#workers.add(worker);
    const idle = forkAbort(this.#stopped.signal);
    worker.idle = idle;
    this.#clock.sleep(WORKER_IDLE_MS, idle.signal).then(
      () => this.#end(worker),
      () => undefined, // It got a job, or the pool is over.
    );
  }

  /** Does not wait: an aborted job is over at once. Disposing waits for all. */
  #end(worker: PooledWorker): void {
    this.#workers.delete(worker);
    const ending: Promise<void> = worker
      .end()
      .catch(() => undefined) // A thread that cannot be ended is gone already.
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}

/** A view of part of a buffer must not take the rest with it. */
function owned(bytes: Bytes): Bytes {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
