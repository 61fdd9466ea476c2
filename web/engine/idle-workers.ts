import type { Bytes } from '../../shared/bytes.ts';
import type { BlockWorkers } from '../../shared/engine/ports.ts';
import type { OpenJob, SealJob, SealedBlock } from '../../shared/format/chunk-types.ts';

type DisposableWorkers = BlockWorkers & AsyncDisposable;

export interface IdleWorkersOptions {
  readonly concurrency: number;
  readonly create: () => DisposableWorkers;
  /** Workers without work for this long are ended: each holds 15 MB of encoder. */
  readonly idleMs: number;
}

/** Block workers that exist only while they are needed. */
export class IdleWorkers implements DisposableWorkers {
  readonly concurrency: number;
  readonly #options: IdleWorkersOptions;
  #workers: DisposableWorkers | null = null;
  #busy = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #ending: Promise<void> = Promise.resolve();

  constructor(options: IdleWorkersOptions) {
    this.concurrency = options.concurrency;
    this.#options = options;
  }

  seal(job: SealJob, signal: AbortSignal): Promise<SealedBlock> {
    return this.#use((workers) => workers.seal(job, signal));
  }

  open(job: OpenJob, signal: AbortSignal): Promise<Bytes> {
    return this.#use((workers) => workers.open(job, signal));
  }

  hash(block: Bytes, signal: AbortSignal): Promise<Bytes> {
    return this.#use((workers) => workers.hash(block, signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    await this.#ending;
  }

  async #use<T>(work: (workers: DisposableWorkers) => Promise<T>): Promise<T> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#workers ??= this.#options.create();
    this.#busy++;
    try {
      return await work(this.#workers);
    } finally {
      this.#busy--;
      if (this.#busy === 0) this.#timer = setTimeout(() => this.#end(), this.#options.idleMs);
    }
  }

  #end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const workers = this.#workers;
    this.#workers = null;
    if (workers !== null) this.#ending = Promise.resolve(workers[Symbol.asyncDispose]()).catch(reportError);
  }
}
