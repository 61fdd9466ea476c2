/** The engine's worker pool on worker threads, one per core. */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import * as Comlink from 'comlink';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import type { BlockWorkerApi } from '../../shared/engine/block-worker-api.ts';
import type { BlockWorkers } from '../../shared/engine/ports.ts';
import { createWorkerPool } from '../../shared/engine/worker-pool.ts';
import type { SpawnedWorker } from '../../shared/engine/worker-pool.ts';
import { keepGarbageSmall } from './garbage.ts';

const WORKER = new URL(`./block-worker${extname(import.meta.filename)}`, import.meta.url);

const NURSERY_MIB = 4;

export function startWorkers(): BlockWorkers & AsyncDisposable {
  keepGarbageSmall();
  return createWorkerPool({ size: availableParallelism(), spawn });
}

function spawn(): SpawnedWorker {
  // A block job makes little garbage besides its buffers: a small nursery is as fast and saves tens of MiB a worker.
  const worker = new Worker(WORKER, { resourceLimits: { maxYoungGenerationSizeMb: NURSERY_MIB } });
  const died = new Promise<unknown>((resolve) => {
    worker.once('error', resolve);
    worker.once('messageerror', resolve);
    worker.once('exit', resolve);
  });
  return {
    api: Comlink.wrap<BlockWorkerApi>(nodeEndpoint(worker)),
    died,
    terminate: async () => {
      await worker.terminate();
    },
  };
}
