import { releaseProxy, wrap } from 'comlink';
import type { BlockWorkerApi } from '../../shared/engine/block-worker-api.ts';
import type { BlockWorkers } from '../../shared/engine/ports.ts';
import { createWorkerPool } from '../../shared/engine/worker-pool.ts';
import type { SpawnedWorker } from '../../shared/engine/worker-pool.ts';
import { JOBS_PER_BROWSER_WORKER, MAX_BROWSER_WORKERS } from '../../shared/limits.ts';

/** The page's pool: a worker per core, started as blocks come, ended when idle. */
export function createBlockWorkers(): BlockWorkers & AsyncDisposable {
  const size = Math.max(1, Math.min(navigator.hardwareConcurrency, MAX_BROWSER_WORKERS));
  return createWorkerPool({ size, spawn, jobsPerWorker: JOBS_PER_BROWSER_WORKER });
}

function spawn(): SpawnedWorker {
  const worker = new Worker(new URL('../workers/block-worker.ts', import.meta.url), { type: 'module' });
  const api = wrap<BlockWorkerApi>(worker);
  return {
    api,
    died: new Promise((resolve) => {
      worker.addEventListener('error', (event) => resolve(event.error ?? event.message));
      worker.addEventListener('messageerror', () => resolve('A message could not be read.'));
    }),
    terminate() {
      api[releaseProxy]();
      worker.terminate();
    },
  };
}
