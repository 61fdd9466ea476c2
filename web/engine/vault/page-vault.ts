/** The vault's index in the page: the list that people see, their changes to it, and keeping it in step with other devices. */
import type { XzCodec } from '../../../shared/codec/xz.ts';
import { systemClock } from '../../../shared/engine/clock.ts';
import type { EngineClock } from '../../../shared/engine/clock.ts';
import { Semaphore } from '../../../shared/engine/concurrency.ts';
import { openLink } from '../../../shared/engine/links.ts';
import type { RelaySwarm } from '../../../shared/engine/relay-client.ts';
import type { VaultNetwork, VaultReading } from '../../../shared/engine/vault-sync.ts';
import { AppError } from '../../../shared/errors.ts';
import { parseLink } from '../../../shared/format/capability.ts';
import type { CapabilityLink } from '../../../shared/format/capability.ts';
import { computeManifestId } from '../../../shared/format/manifest.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import { recoveryWords, toRecoveryPhrase } from '../../../shared/vault/recovery-phrase.ts';
import type { FileList } from '../file-list.ts';
import type { LocalStores } from '../local-stores.ts';
import type { SwarmGate } from '../swarm-gate.ts';
import { throughLocks } from '../through-locks.ts';
import { restoreVault } from './restore-vault.ts';
import { planFolder, planMove, planRemoval, planRename } from './vault-changes.ts';
import type { VaultChange, VaultContents } from './vault-changes.ts';
import type { RestoredVault, VaultPort, VaultStatus } from './vault-contract.ts';
import { VaultEnrolment, manifestsIn } from './vault-enrolment.ts';
import { VaultHold } from './vault-hold.ts';
import { listingOf } from './vault-listing.ts';
import type { Listing } from './vault-listing.ts';
import type { VaultNews } from './vault-news.ts';
import { VaultRounds } from './vault-rounds.ts';
import type { VaultRoundsOptions } from './vault-rounds.ts';
import { OPENING } from './vault-status.ts';

export interface PageVaultOptions {
  readonly stores: LocalStores;
  readonly local: FileList;
  readonly swarm: VaultNetwork['swarm'] & Pick<RelaySwarm, 'records'>;
  readonly gate: Pick<SwarmGate, 'locks' | 'whenOpen'>;
  readonly loadXz: () => Promise<XzCodec>;
  readonly linkOf: (id: ManifestId, signal: AbortSignal) => Promise<CapabilityLink>;
  readonly deleteFile: (id: ManifestId) => Promise<void>;
  readonly page: VaultRoundsOptions['page'];
  readonly locks: LockManager | null;
  readonly news: VaultNews;
  readonly onListing: (listing: Listing) => void;
  readonly onStatus: (status: VaultStatus) => void;
  readonly clock?: EngineClock;
}

/** What the facade does not do itself. */
export type LoadedVault = Omit<VaultPort, 'watchFolders' | 'watchStatus'>;

export class PageVault implements LoadedVault, AsyncDisposable {
  readonly #options: PageVaultOptions;
  readonly #clock: EngineClock;
  readonly #hold: VaultHold;
  readonly #enrolment: VaultEnrolment;
  readonly #rounds: VaultRounds;
  readonly #stops: readonly (() => void)[];
  #running: Promise<void> = Promise.resolve();
  #refreshing: Promise<void> | null = null;
  #isStale = false;
  /** Files that the last round has left where they were: they wait for the next. */
  #tried: ReadonlySet<ManifestId> = new Set();
  readonly #turns = new Semaphore(1);
  #status = OPENING;

  constructor(options: PageVaultOptions) {
    this.#options = options;
    const { stores, local, locks, news, linkOf, deleteFile, page, clock = systemClock } = options;
    this.#clock = clock;
    this.#hold = new VaultHold({ stores, locks, news, clock });
    this.#enrolment = new VaultEnrolment({ stores, local, linkOf, deleteFile, hold: this.#hold });
    this.#rounds = new VaultRounds({
      ...{ clock, page },
      round: (signal) => this.#takeTurn(signal),
      isUrgent: () => this.#status.unpublished,
      onError: (cause) => this.#failed(cause),
    });
    this.#stops = [
      local.watch(() => this.#refreshLater()),
      news.listen((item) => {
        if (item === 'changed') this.#refreshLater();
        if (item === 'replaced') this.#reload().catch((cause: unknown) => this.#failed(cause));
      }),
    ];
  }

  /** Tells the list for the first time, and begins to keep it in step. Throws what the store throws. */
  async start(): Promise<void> {
    await this.refresh();
    this.#running = this.#rounds.run();
  }

  async createFolder(path: string): Promise<void> {
    await this.#apply((contents) => planFolder(contents, path));
  }

  async rename(path: string, newName: string): Promise<void> {
    await this.#apply((contents) => planRename(contents, path, newName));
  }

  async move(paths: readonly string[], targetFolder: string): Promise<void> {
    await this.#apply((contents) => planMove(contents, paths, targetFolder));
  }

  async removeFolder(path: string): Promise<void> {
    await this.#apply((contents) => planRemoval(contents, path));
  }

  async compare(signal: AbortSignal): Promise<void> {
    if (!(await this.#takeTurn(signal)))
      throw new AppError('CONFLICT', 'Another tab is comparing with your devices just now.');
  }

  phrase(): Promise<string> {
    return toRecoveryPhrase(this.#options.stores.vault.secret);
  }

  phraseWords(): Promise<readonly string[]> {
    return recoveryWords();
  }

  async restore(phrase: string, signal: AbortSignal): Promise<RestoredVault> {
    const { stores, news } = this.#options;
    const withNetwork = <T>(inner: AbortSignal, work: (network: VaultNetwork) => Promise<T>): Promise<T> =>
      this.#withNetwork(inner, work);
    const options = { stores, hold: this.#hold, clock: this.#clock, withNetwork };
    const restored = await restoreVault(options, phrase, signal);
    news.tell('replaced');
    this.#tell({ devices: restored.devices, unread: restored.unread });
    await this.refresh();
    this.#rounds.soon();
    return restored;
  }

  /** The link that the index has of a file; null where it has none. */
  async indexedLink(id: ManifestId): Promise<CapabilityLink | null> {
    const [entry] = (await this.#hold.read()).index.filesOf(id);
    return entry?.file === undefined ? null : parseLink(entry.file.link);
  }

  /** Brings the manifest of a file that another device has put in. Throws `NOT_FOUND`, `CORRUPT`, as `openLink`, `NO_SPACE`, `IO`. */
  async fetchManifest(id: ManifestId, signal: AbortSignal): Promise<void> {
    const { stores, swarm, loadXz } = this.#options;
    const link = await this.indexedLink(id);
    if (link === null) throw new AppError('NOT_FOUND', 'This file is not in your vault any more.');
    const xz = await loadXz();
    const manifest = await throughLocks(this.#options.gate, signal, () =>
      openLink(link, { swarm, xz }, signal),
    );
    if ((await computeManifestId(manifest)) !== id)
      throw new AppError('CORRUPT', 'What lies under the link of this file is another file.');
    await stores.files.hold(id, manifest);
  }

  /** Takes a file that the swarm was told to delete out of the index. */
  async unlist(id: ManifestId): Promise<void> {
    await this.#enrolment.unlist(id);
    this.#rounds.soon();
  }

  /** Takes a file out of the vault on all its devices; its chunks are left where they are. */
  async forget(id: ManifestId): Promise<void> {
    await this.#enrolment.forget(id);
    await this.refresh();
    this.#rounds.soon();
  }

  /** Tells the list and the status as they are. Calls that come while one reads share the next read. */
  async refresh(): Promise<void> {
    this.#isStale = true;
    this.#refreshing ??= this.#readAll().finally(() => {
      this.#refreshing = null;
    });
    await this.#refreshing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops) stop();
    this.#rounds.dispose();
    await this.#running;
    this.#hold.dispose();
    this.#options.news.close();
  }

  async #takeTurn(signal: AbortSignal): Promise<boolean> {
    const release = await this.#turns.acquire(signal);
    try {
      return await this.#round(signal);
    } finally {
      release();
    }
  }

  async #round(signal: AbortSignal): Promise<boolean> {
    this.#tell({ syncing: true });
    try {
      await this.#options.gate.whenOpen(signal);
      const failure = await this.#enrolment.enrol(signal);
      const reading = await this.#exchange(signal);
      await this.#enrolment.followRemovals();
      if (reading !== null) {
        const comparedAt = new Date().toISOString();
        this.#tell({ devices: reading.devices, unread: reading.unread, comparedAt, error: null });
      }
      if (failure !== null) throw failure;
      return reading !== null;
    } finally {
      this.#tried = new Set((await this.#enrolment.waiting()).map(({ manifestId }) => manifestId));
      this.#tell({ syncing: false });
      await this.refresh();
    }
  }

  /** Null when another tab is at it, or wants to. */
  #exchange(signal: AbortSignal): Promise<VaultReading | null> {
    return this.#withNetwork(signal, (network) =>
      this.#hold.compare(
        (sync, inner) => (sync.isPublished ? sync.read(network, inner) : sync.publish(network, inner)),
        signal,
      ),
    );
  }

  async #withNetwork<T>(signal: AbortSignal, work: (network: VaultNetwork) => Promise<T>): Promise<T> {
    const { swarm, gate, loadXz } = this.#options;
    const xz = await loadXz();
    return throughLocks(gate, signal, () => work({ swarm, records: swarm.records, xz }));
  }

  async #apply(plan: (contents: VaultContents) => VaultChange): Promise<void> {
    const { stores, local } = this.#options;
    await this.#hold.change(async (sync) => {
      const { edit, placed } = plan(this.#contentsOf(sync.index));
      if (edit !== null) await sync.edit(edit);
      for (const { id, path } of placed) await stores.files.place(id, path);
      if (placed.length > 0) await local.changed();
    });
    await this.refresh();
    this.#rounds.soon();
  }

  #contentsOf(index: Parameters<typeof manifestsIn>[0]): VaultContents {
    const root = index.tree();
    const { gone } = manifestsIn(index);
    return { root, listing: listingOf(this.#options.local.current, root, (id) => gone.has(id)) };
  }

  async #readAll(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      const sync = await this.#hold.read();
      this.#options.onListing(this.#contentsOf(sync.index).listing);
      const waiting = await this.#enrolment.waiting();
      this.#tell({ state: 'open', unpublished: waiting.length > 0 || !sync.isPublished });
      if (waiting.some(({ manifestId }) => !this.#tried.has(manifestId))) this.#rounds.soon();
    }
  }

  /** Another tab has put another vault in place. */
  async #reload(): Promise<void> {
    await this.#options.stores.reloadVault();
    await this.refresh();
  }

  #refreshLater(): void {
    this.refresh().catch((cause: unknown) => this.#failed(cause));
  }

  #failed(cause: unknown): void {
    const error = AppError.from(cause);
    this.#tell({ error: { code: error.code, message: error.message } });
  }

  #tell(changes: Partial<VaultStatus>): void {
    this.#status = { ...this.#status, ...changes };
    this.#options.onStatus(this.#status);
  }
}
