import { equalBytes } from '../../../shared/bytes.ts';
import { VaultSync } from '../../../shared/engine/vault-sync.ts';
import type { EngineClock } from '../../../shared/engine/clock.ts';
import type { LocalStores } from '../local-stores.ts';
import { acquireLock } from '../web-lock.ts';
import type { HeldLock } from '../web-lock.ts';
import type { VaultNews } from './vault-news.ts';

const LOCK = 'lanvault-vault-index';

export interface VaultHoldOptions {
  readonly stores: Pick<LocalStores, 'vault' | 'vaultIndex'>;
  /** Null where no other tab has these stores. */
  readonly locks: LockManager | null;
  readonly news: Pick<VaultNews, 'tell' | 'listen'>;
  readonly clock: EngineClock;
}

interface Held {
  readonly sync: VaultSync;
  release(): Promise<void>;
}

/**
 * The vault's index in this tab. One tab at a time changes it: whoever takes it reads it anew if another tab has changed it since. A
 * change does not wait for the network: a tab that compares with other devices meanwhile gives way.
 */
export class VaultHold {
  readonly #options: VaultHoldOptions;
  readonly #comparing = new Set<AbortController>();
  readonly #stopNews: () => void;
  #held: Promise<Held | null> | null = null;
  #users = 0;
  #sync: { readonly sync: VaultSync; readonly deviceId: Uint8Array; version: string } | null = null;
  /** Reads of the store run one after the other. */
  #opening: Promise<unknown> = Promise.resolve();

  constructor(options: VaultHoldOptions) {
    this.#options = options;
    this.#stopNews = options.news.listen((item) => {
      if (item === 'wanted') for (const comparison of this.#comparing) comparison.abort();
    });
  }

  /** To look at, as far as it is known now. Throws as `VaultSync.open`. */
  async read(): Promise<VaultSync> {
    const held = await this.#held;
    return held?.sync ?? (await this.#open());
  }

  /** Runs a change, once no other tab has the index. Throws as `VaultSync.open` and `work`. */
  async change<T>(work: (sync: VaultSync) => Promise<T>): Promise<T> {
    const { news, locks } = this.#options;
    for (;;) {
      const done = await this.#use(() => {
        news.tell('wanted');
        return acquire(locks, false);
      }, work);
      // A comparison of this tab had just found the index taken: wait for it.
      if (done !== null) return done.result;
    }
  }

  /** Runs something long that may be begun anew later. Null when another tab has the index, or wants it meanwhile. */
  async compare<T>(
    work: (sync: VaultSync, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | null> {
    const giveWay = new AbortController();
    this.#comparing.add(giveWay);
    try {
      const done = await this.#use(
        () => acquire(this.#options.locks, true),
        (sync) => work(sync, AbortSignal.any([signal, giveWay.signal])),
      );
      return done?.result ?? null;
    } catch (cause) {
      if (giveWay.signal.aborted && !signal.aborted) return null;
      throw cause;
    } finally {
      this.#comparing.delete(giveWay);
    }
  }

  dispose(): void {
    this.#stopNews();
  }

  /** All of this tab's uses at a time share one lock and one copy. */
  async #use<T>(
    take: () => Promise<HeldLock | null>,
    work: (sync: VaultSync) => Promise<T>,
  ): Promise<{ readonly result: T } | null> {
    this.#users++;
    try {
      const held = await this.#shared(take);
      return held === null ? null : { result: await work(held.sync) };
    } finally {
      if (--this.#users === 0) await this.#release();
    }
  }

  async #shared(take: () => Promise<HeldLock | null>): Promise<Held | null> {
    const taking = (this.#held ??= this.#take(take));
    let held: Held | null = null;
    try {
      held = await taking;
      return held;
    } finally {
      if (held === null && this.#held === taking) this.#held = null;
    }
  }

  async #take(take: () => Promise<HeldLock | null>): Promise<Held | null> {
    const lock = await take();
    if (lock === null) return null;
    try {
      return { sync: await this.#open(), release: () => lock.release() };
    } catch (cause) {
      await lock.release();
      throw cause;
    }
  }

  async #release(): Promise<void> {
    const taking = this.#held;
    this.#held = null;
    const held = await taking;
    if (held === null) return;
    try {
      await this.#noteVersion(held.sync);
    } finally {
      await held.release();
    }
  }

  async #noteVersion(sync: VaultSync): Promise<void> {
    const version = await this.#options.stores.vaultIndex.version();
    if (this.#sync?.sync !== sync || this.#sync.version === version) return;
    this.#sync.version = version;
    this.#options.news.tell('changed');
  }

  #open(): Promise<VaultSync> {
    const opening = this.#opening.then(() => this.#openOnce());
    this.#opening = opening.catch(() => undefined);
    return opening;
  }

  async #openOnce(): Promise<VaultSync> {
    const { stores, clock } = this.#options;
    const { secret, deviceId } = stores.vault;
    // Before the items: what is saved in between is read again the next time.
    const version = await stores.vaultIndex.version();
    if (this.#sync?.version === version && equalBytes(this.#sync.deviceId, deviceId)) return this.#sync.sync;
    const sync = await VaultSync.open({ vaultSecret: secret, deviceId, store: stores.vaultIndex, clock });
    this.#sync = { sync, deviceId, version };
    return sync;
  }
}

const UNSHARED: HeldLock = { release: () => Promise.resolve() };

function acquire(locks: LockManager | null, ifAvailable: boolean): Promise<HeldLock | null> {
  return locks === null ? Promise.resolve(UNSHARED) : acquireLock(locks, LOCK, { ifAvailable });
}
