import { deriveDeleteKey } from '../../../shared/crypto/kdf.ts';
import type { EngineClock } from '../../../shared/engine/clock.ts';
import type { DeletionPort, InventoryPort, OwnedDatabase } from '../../../shared/engine/deletion-ports.ts';
import { deleteOrphans, findOrphans } from '../../../shared/engine/prune.ts';
import type { OrphanPlan, PruneResult } from '../../../shared/engine/prune.ts';
import type { Fetch } from '../../../shared/engine/relay-http.ts';
import { StoredUsage } from '../../../shared/engine/stored-usage.ts';
import { AppError } from '../../../shared/errors.ts';
import type { Manifest } from '../../../shared/format/manifest-types.ts';
import type { ManifestId, RelayId } from '../../../shared/ids.ts';
import type { LocalStores } from '../local-stores.ts';
import type { SwarmGate } from '../swarm-gate.ts';
import { Watchers } from '../watchers.ts';
import { ownedDatabase } from './owned-database.ts';
import { PageOperator } from './page-operator.ts';
import type { Leftovers, StorageCheck, StoragePort, StorageState } from './storage-contract.ts';

const NOTIFY_INTERVAL_MS = 100;

export interface PageStorageOptions {
  /** Of the page. */
  readonly origin: string;
  readonly fetch: Fetch;
  readonly stores: LocalStores;
  readonly swarm: DeletionPort & InventoryPort;
  /** Throws where it cannot be had. */
  readonly manifestOf: (id: ManifestId, signal: AbortSignal) => Promise<Manifest>;
  readonly gate: Pick<SwarmGate, 'whenOpen'>;
  readonly clock: EngineClock;
  /** Unix time, ms. */
  readonly unixTime: () => number;
}

/** One look at all relays' lists tells what one's files take and what is left over of uploads that never became files. */
export class PageStorage implements StoragePort {
  readonly operator: PageOperator;
  readonly #options: PageStorageOptions;
  readonly #watchers = new Watchers<StorageState>(() => this.#state, NOTIFY_INTERVAL_MS);
  #state: StorageState = { work: 'idle', done: 0, count: null, check: null, cleaned: null, error: null };
  #plan: OrphanPlan | null = null;
  #running = new AbortController();

  constructor(options: PageStorageOptions) {
    this.#options = options;
    this.operator = new PageOperator(options);
  }

  watch(callback: (state: StorageState) => void): () => void {
    return this.#watchers.watch(callback);
  }

  async check(): Promise<void> {
    if (this.#state.work === 'idle') await this.#run('checking', (signal) => this.#look(signal));
  }

  async clean(): Promise<void> {
    const plan = this.#plan;
    if (plan === null || this.#state.work !== 'idle') return;
    const cleaned = await this.#run('cleaning', (signal) => this.#delete(plan, signal));
    if (cleaned) await this.check();
  }

  stop(): void {
    this.#running.abort();
  }

  dispose(): void {
    this.stop();
    this.operator.dispose();
    this.#watchers.dispose();
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { swarm, gate, clock, unixTime } = this.#options;
    await gate.whenOpen(signal);
    const { usage, files } = await this.#ownFiles();
    const plan = await findOrphans(
      {
        ...{ swarm, clock, unixTime, database: this.#database(signal), deleteKey: await this.#deleteKey() },
        withoutAbsent: true,
        onChunk: (rows) => usage.see(rows),
        onProgress: ({ chunksSeen }) => this.#set({ done: chunksSeen }),
      },
      signal,
    );
    this.#plan = plan;
    const check: StorageCheck = {
      relays: plan.relays,
      absent: plan.absent,
      usage: plan.more ? null : { ...usage.figures(), files },
      leftovers: leftoversOf(plan),
    };
    this.#set({ check });
  }

  async #delete(plan: OrphanPlan, signal: AbortSignal): Promise<void> {
    const { stores, swarm, gate, clock } = this.#options;
    await gate.whenOpen(signal);
    if (await stores.journals.inUse())
      throw new AppError(
        'CONFLICT',
        'Files are being uploaded or deleted, here or in another tab. Clean up when that has ended.',
      );
    const result = await deleteOrphans(
      plan,
      {
        ...{ swarm, clock, database: this.#database(signal), deleteKey: await this.#deleteKey() },
        onProgress: ({ chunksDone, chunkCount }) => this.#set({ done: chunksDone, count: chunkCount }),
      },
      signal,
    );
    this.#set({ cleaned: cleanResult(result) });
  }

  async #ownFiles(): Promise<{ usage: StoredUsage; files: number }> {
    const { files } = this.#options.stores;
    const usage = new StoredUsage();
    const own = (await files.list()).filter(({ owned }) => owned);
    for (const { manifestId } of own) {
      const { rows } = await files.manifest(manifestId);
      for (let index = 0; index < rows.length; index++) {
        const { id, size } = await rows.at(index);
        usage.add(id, size);
      }
    }
    return { usage, files: own.length };
  }

  #database(signal: AbortSignal): OwnedDatabase {
    const { stores, manifestOf } = this.#options;
    return ownedDatabase(stores, (id) => manifestOf(id, signal));
  }

  #deleteKey(): ReturnType<typeof deriveDeleteKey> {
    const { secret, deviceId } = this.#options.stores.vault;
    return deriveDeleteKey(secret, deviceId);
  }

  /** Whether it came to its end. What was found before stands until something else is. */
  async #run(work: 'checking' | 'cleaning', run: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    this.#running = new AbortController();
    const { signal } = this.#running;
    this.#set({ work, done: 0, count: null, error: null, ...(work === 'cleaning' ? { cleaned: null } : {}) });
    try {
      await run(signal);
      this.#set({ work: 'idle' });
      return true;
    } catch (cause) {
      const { code, message } = AppError.from(cause);
      this.#set({ work: 'idle', error: signal.aborted ? null : { code, message, during: work } });
      return false;
    }
  }

  #set(change: Partial<StorageState>): void {
    this.#state = { ...this.#state, ...change };
    this.#watchers.changed();
  }
}

function leftoversOf({ orphans, more, young }: OrphanPlan): Leftovers {
  const relays = new Map<RelayId, { chunks: number; bytes: number }>();
  for (let row = 0; row < orphans.length; row++) {
    const { holders, sizeBytes } = orphans.at(row);
    for (const relay of holders) {
      const { chunks, bytes } = relays.get(relay) ?? { chunks: 0, bytes: 0 };
      relays.set(relay, { chunks: chunks + 1, bytes: bytes + sizeBytes });
    }
  }
  const most = [...relays].map(([relay, held]) => ({ relay, ...held })).sort((a, b) => b.chunks - a.chunks);
  return { chunks: orphans.length, bytes: orphans.totalBytes, more, young, relays: most };
}

function cleanResult({ deleted, kept, failed, pending }: PruneResult): NonNullable<StorageState['cleaned']> {
  return { deleted, kept, failed, pending: [...pending.keys()] };
}
