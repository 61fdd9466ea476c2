import { AppError } from '../../../shared/errors.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import type { AbandonedUpload } from '../local-stores.ts';
import type { SwarmHealth } from '../contract.ts';
import type { SwarmGate } from '../swarm-gate.ts';
import { Watchers } from '../watchers.ts';
import { DeletionItem } from './deletion-item.ts';
import type { Deletions, FileDeletion } from './deletion-contract.ts';
import { runDeletion } from './run-deletion.ts';
import type { DeletionSurroundings } from './run-deletion.ts';

const NOTIFY_INTERVAL_MS = 100;

export interface DeletionQueueOptions extends DeletionSurroundings {
  /** Deletions wait while it is locked. */
  readonly gate: Pick<SwarmGate, 'lock' | 'locks' | 'whenOpen'>;
  /** Monotonic, ms. */
  readonly now: () => number;
}

/** All deletions of this tab, one after the other. What is to be deleted stands in the journals: it outlives the visit. */
export class DeletionQueue implements Deletions {
  readonly #options: DeletionQueueOptions;
  readonly #watchers = new Watchers<readonly FileDeletion[]>(() => this.#snapshot(), NOTIFY_INTERVAL_MS);
  readonly #items = new Map<string, DeletionItem>();
  readonly #disposed = new AbortController();
  #pumping: Promise<void> | null = null;
  #relays = 0;

  constructor(options: DeletionQueueOptions) {
    this.#options = options;
  }

  watch(callback: (deletions: readonly FileDeletion[]) => void): () => void {
    return this.#watchers.watch(callback);
  }

  /** Takes up what this browser has noted for deletion and no other tab is at. Throws what the journals throw. */
  async restore(): Promise<void> {
    for (const upload of await this.#options.stores.journals.abandoned())
      if (!this.#items.has(upload.uploadId)) this.#add(upload);
    this.#changed();
    this.#pump();
  }

  async start(manifestId: ManifestId): Promise<void> {
    const { journals } = this.#options.stores;
    const uploadId = await journals.uploadOf(manifestId);
    if (uploadId === null)
      throw new AppError(
        'FORBIDDEN',
        'This device has not uploaded that file: only the one that did can delete it.',
      );
    const known = this.#items.get(uploadId);
    if (known !== undefined) {
      if (known.state !== 'waiting' && known.state !== 'running') await this.retry(uploadId);
      return;
    }
    await journals.abandon(uploadId);
    await this.restore();
  }

  async stop(id: string): Promise<void> {
    const item = this.#get(id);
    if (item.running !== null) {
      item.running.abort.abort();
      await item.running.ended;
    } else if (item.state === 'waiting') {
      item.state = 'stopped';
    }
    if (item.state === 'stopped') await this.#options.stores.journals.setPaused(id, true);
    this.#changed();
  }

  async retry(id: string): Promise<void> {
    const item = this.#get(id);
    if (item.state !== 'stopped' && item.state !== 'failed' && item.state !== 'pending')
      throw new AppError('CONFLICT', 'This deletion is not stopped.');
    await this.#options.stores.journals.setPaused(id, false);
    item.state = 'waiting';
    this.#changed();
    this.#pump();
  }

  async keep(id: string): Promise<void> {
    const item = this.#get(id);
    if (item.begun || item.running !== null)
      throw new AppError('CONFLICT', 'The deletion has begun: it cannot be taken back.');
    this.#items.delete(id);
    await this.#options.stores.journals.reinstate(id);
    this.#changed();
  }

  dismiss(id: string): Promise<void> {
    if (this.#get(id).running !== null)
      return Promise.reject(new AppError('CONFLICT', 'Stop the deletion first.'));
    this.#items.delete(id);
    this.#changed();
    return Promise.resolve();
  }

  /** Relays have answered: those that were away may be back. */
  swarmSeen({ reachable, storageRelays }: Pick<SwarmHealth, 'reachable' | 'storageRelays'>): void {
    if (!reachable) return;
    const changed = storageRelays !== this.#relays;
    this.#relays = storageRelays;
    const nowMs = this.#options.now();
    for (const item of this.#items.values()) if (item.isDue(nowMs, changed)) item.state = 'waiting';
    this.#pump();
  }

  async dispose(): Promise<void> {
    this.#disposed.abort();
    for (const item of this.#items.values()) item.running?.abort.abort();
    await this.#pumping;
    this.#watchers.dispose();
  }

  #add(upload: AbandonedUpload): void {
    const item = new DeletionItem(upload);
    if (upload.paused) {
      item.state = 'stopped';
      // Stopped in an earlier visit: whether anybody was told stands in the journal; until it was read, it may have been.
      item.begun = true;
    }
    this.#items.set(item.id, item);
  }

  #pump(): void {
    if (this.#disposed.signal.aborted || this.#pumping !== null) return;
    if (this.#nextWaiting() === undefined) return;
    this.#pumping = this.#runAll().finally(() => {
      this.#pumping = null;
      this.#pump();
    });
  }

  #nextWaiting(): DeletionItem | undefined {
    return [...this.#items.values()].find((item) => item.state === 'waiting');
  }

  async #runAll(): Promise<void> {
    const { signal } = this.#disposed;
    const { gate } = this.#options;
    for (;;) {
      const next = this.#nextWaiting();
      if (next === undefined || signal.aborted) return;
      if (gate.lock === null) await this.#run(next);
      // It may have been stopped meanwhile: look again. An abort is the end of the queue.
      else await gate.whenOpen(signal).catch(() => undefined);
    }
  }

  async #run(item: DeletionItem): Promise<void> {
    const abort = new AbortController();
    item.state = 'running';
    const run = this.#tryRun(item, abort.signal);
    item.running = { abort, ended: run };
    this.#changed();
    await run;
    item.running = null;
    this.#changed();
  }

  /** Never rejects: what goes wrong is the item's `error`. */
  async #tryRun(item: DeletionItem, signal: AbortSignal): Promise<void> {
    const { gate, now } = this.#options;
    const { locks } = gate;
    try {
      const result = await runDeletion(this.#options, item, () => this.#changed(), signal);
      item.end(now(), result);
      // An upload that had sent nothing: there is nothing to tell.
      if (result.chunkCount === 0) this.#items.delete(item.id);
    } catch (cause) {
      if (signal.aborted) item.state = 'stopped';
      else if (gate.locks !== locks) item.state = 'waiting';
      else item.fail(now(), AppError.from(cause));
    }
  }

  #get(id: string): DeletionItem {
    const item = this.#items.get(id);
    if (item === undefined) throw new AppError('NOT_FOUND', 'There is no such deletion any more.');
    return item;
  }

  #snapshot(): readonly FileDeletion[] {
    return [...this.#items.values()].map((item) => item.snapshot());
  }

  #changed(): void {
    this.#watchers.changed();
  }
}
