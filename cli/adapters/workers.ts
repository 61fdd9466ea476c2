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

const WORKER = new URL(`./block-worker${extname(import.meta.filename)}`, import.meta.url);

export function startWorkers(): BlockWorkers & AsyncDisposable {
  return createWorkerPool({ size: availableParallelism(), spawn });
}

function spawn(): SpawnedWorker {
  const worker = new Worker(WORKER);
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
