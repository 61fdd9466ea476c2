/** The composition of the engine in the page: local stores, swarm, workers, uploads, downloads, service worker. */
import { systemClock } from '../../shared/engine/clock.ts';
import type { DownloaderOptions } from '../../shared/engine/download.ts';
import type { BlockWorkers } from '../../shared/engine/ports.ts';
import { createRelaySwarm } from '../../shared/engine/relay-client.ts';
import type { RelaySwarm } from '../../shared/engine/relay-client.ts';
import { createSwarmView } from '../../shared/engine/swarm-view.ts';
import type { SwarmView } from '../../shared/engine/swarm-view.ts';
import type { CompressionMode } from '../../shared/codec/compression.ts';
import type { XzCodec } from '../../shared/codec/xz.ts';
import { AppError } from '../../shared/errors.ts';
import { baseName } from '../../shared/format/file-path.ts';
import type { ChunkRow, Manifest } from '../../shared/format/manifest-types.ts';
import type { ManifestId } from '../../shared/ids.ts';
import { detectAbilities } from './abilities.ts';
import { LazyCatalog } from './catalog/lazy-catalog.ts';
import type {
  Abilities,
  AppEngine,
  EngineChoices,
  PickedFile,
  StoredFile,
  SwarmAccess,
  SwarmHealth,
  Transfer,
} from './contract.ts';
import { LazyDeletions } from './deletion/lazy-deletions.ts';
import type { ThisDevice } from './device/device-contract.ts';
import { createPageDevice } from './device/page-device.ts';
import { downloadThroughLocks } from './downloads/stream-download.ts';
import { FileList } from './file-list.ts';
import { LazyPart } from './lazy-part.ts';
import { lazily } from './lazily.ts';
import type { LocalStores } from './local-stores.ts';
import { ManifestSource, readRows } from './manifest-source.ts';
import type { FileChecks } from './health/health-contract.ts';
import { createPageChecks } from './health/page-checks.ts';
import { LazySharing } from './sharing/lazy-sharing.ts';
import { createPageNetwork } from './network/page-network.ts';
import type { SwarmNetwork } from './network/swarm-network.ts';
import { withToldPuts } from './network/told-puts.ts';
import type { IncomingFiles } from './incoming/incoming-contract.ts';
import { createPageIncoming } from './incoming/page-incoming.ts';
import { openStores, persistenceRequest, startServiceWorker } from './page-surroundings.ts';
import type { AppServiceWorker } from './service-worker-registration.ts';
import type { PageStorage } from './storage/page-storage.ts';
import { formatStreamUrl } from './stream-url.ts';
import { SwarmGate } from './swarm-gate.ts';
import { SwarmHealthMonitor } from './swarm-health.ts';
import { SwarmKeyKeeper } from './swarm-key-keeper.ts';
import { openSwarmKeyNews } from './swarm-key-news.ts';
import type { UploadQueue } from './uploads/upload-queue.ts';
import { LazyVault } from './vault/lazy-vault.ts';

const loadManifestTransfer = lazily(() => import('./manifest-transfer.ts'));
const loadDirectDownload = lazily(() => import('./downloads/direct-download.ts'));

/**
 * Starts the engine of this page. Throws `UNSUPPORTED` when a newer build has stored data here, `IO` when the browser
 * gives no storage, `CORRUPT` when the vault does not open, as `askPassphrase`.
 */
export async function createAppEngine(choices: EngineChoices): Promise<AppEngine> {
  const opening = openStores(choices.askPassphrase);
  const [stores, serviceWorker] = await Promise.all([opening, startServiceWorker()]);
  const engine = new PageEngine(stores, serviceWorker, choices);
  await engine.start();
  return engine;
}

class PageEngine implements AppEngine {
  readonly abilities: Abilities;
  readonly sharing: LazySharing;
  readonly deletions: LazyDeletions;
  readonly checks: FileChecks;
  readonly catalog: LazyCatalog;
  readonly vault: LazyVault;
  readonly #stores: LocalStores;
  readonly #serviceWorker: AppServiceWorker | null;
  readonly #keyNews = openSwarmKeyNews();
  readonly #gate: SwarmGate;
  readonly #swarmKey: SwarmKeyKeeper;
  readonly #swarm: RelaySwarm;
  readonly #view: SwarmView;
  readonly #workers: () => Promise<BlockWorkers>;
  #pool: (BlockWorkers & AsyncDisposable) | null = null;
  readonly #files: FileList;
  readonly #manifests: ManifestSource;
  readonly #disposed = new AbortController();
  readonly #uploads: LazyPart<UploadQueue, readonly Transfer[]>;
  readonly #health: SwarmHealthMonitor;
  readonly network: SwarmNetwork;
  readonly device: ThisDevice;
  readonly incoming: IncomingFiles = createPageIncoming();
  readonly storage: () => Promise<PageStorage>;
  /** Null if nobody has asked for it yet. */
  #storage: PageStorage | null = null;
  readonly #askToPersist: () => void;

  constructor(stores: LocalStores, serviceWorker: AppServiceWorker | null, choices: EngineChoices) {
    this.#stores = stores;
    this.#askToPersist = persistenceRequest(stores.persistent);
    this.#serviceWorker = serviceWorker;
    const { persistent } = stores;
    this.abilities = detectAbilities({ persistent, streaming: () => serviceWorker?.controlling === true });
    const { origin } = location;
    this.#gate = new SwarmGate({
      fetch: (url, init) => fetch(url, init),
      loadKey: () => stores.swarmKey.load(),
      news: this.#keyNews,
    });
    this.#swarmKey = new SwarmKeyKeeper({
      origin,
      gate: this.#gate,
      store: stores.swarmKey,
      news: this.#keyNews,
    });
    this.#swarm = createRelaySwarm({ baseUrls: [origin], fetch: this.#gate.fetch });
    this.#view = createSwarmView(this.#swarm);
    this.#workers = lazily(async () => {
      const { createBlockWorkers } = await import('./block-workers.ts');
      return (this.#pool = createBlockWorkers());
    });
    this.#files = new FileList(stores.files, persistent);
    const filesChanged = (): void => {
      this.#files.changed().catch(reportError);
    };
    this.#uploads = new LazyPart<UploadQueue, readonly Transfer[]>(async () => {
      const [{ UploadQueue }, workers] = await Promise.all([
        import('./uploads/upload-queue.ts'),
        this.#workers(),
      ]);
      return new UploadQueue({
        stores,
        swarm: withToldPuts(this.#swarm, Date.now, (events) => this.network.tell(events)),
        workers,
        gate: this.#gate,
        minReplicas: choices.minReplicas,
        onStored: filesChanged,
      });
    }, []);
    const loadXz = async (): Promise<XzCodec> => (await import('./sharing/page-xz.ts')).loadPageXz();
    const loadLinks = lazily(async () => {
      const { ManifestLinks } = await import('./sharing/manifest-links.ts');
      return new ManifestLinks({ stores, loadXz, swarm: this.#swarm, view: this.#view, gate: this.#gate });
    });
    this.vault = new LazyVault({
      local: this.#files,
      hasIndex: async () => (await stores.vaultIndex.version()) !== '',
      load: async (hears) => {
        const { createPageVault } = await import('./vault/create-page-vault.ts');
        return createPageVault({
          ...{ stores, loadXz, local: this.#files, swarm: this.#swarm, gate: this.#gate },
          linkOf: async (id, signal) => (await loadLinks()).linkOf(id, signal),
          deleteFile: (id) => this.deletions.start(id),
          ...hears,
        });
      },
    });
    this.#manifests = new ManifestSource({
      files: stores.files,
      fetch: async (id, signal) => (await this.vault.loaded()).fetchManifest(id, signal),
    });
    const manifestOf = (id: ManifestId, signal: AbortSignal): Promise<Manifest> =>
      this.#manifests.get(id, signal);
    this.sharing = new LazySharing(async () => {
      const { PageSharing } = await import('./sharing/page-sharing.ts');
      return new PageSharing({
        origin,
        stores,
        swarm: this.#swarm,
        view: this.#view,
        gate: this.#gate,
        loadXz,
        linkOf: async (id, signal) => {
          const links = await loadLinks();
          const known = (await links.known(id)) ?? (await (await this.vault.loaded()).indexedLink(id));
          return known ?? links.linkOf(id, signal);
        },
        manifestOf,
        isListed: (id) => this.#listed(id) !== undefined,
        onKept: () => this.#files.changed(),
      });
    });
    this.catalog = new LazyCatalog({
      stores,
      manifestOf,
      swarm: this.#swarm,
      view: this.#view,
      gate: this.#gate,
      sharing: this.sharing,
      loadXz,
      clock: systemClock,
      page: document,
    });
    this.deletions = new LazyDeletions(stores.journals, async () => {
      const { DeletionQueue } = await import('./deletion/deletion-queue.ts');
      return new DeletionQueue({
        stores,
        swarm: this.#swarm,
        gate: this.#gate,
        now: () => performance.now(),
        unlist: async (id) => (await this.vault.loaded()).unlist(id),
        onGone: () => {
          filesChanged();
          this.catalog.settle().catch(reportError);
        },
      });
    });
    this.checks = createPageChecks({ manifestOf, swarm: this.#swarm });
    this.network = createPageNetwork({
      origin,
      swarm: this.#swarm,
      gate: this.#gate,
      isPrivate: async () => (await stores.swarmKey.load()) !== null,
    });
    this.storage = lazily(async () => {
      const { openPageStorage } = await import('./storage/open-page-storage.ts');
      return (this.#storage = openPageStorage({ stores, manifestOf, swarm: this.#swarm, gate: this.#gate }));
    });
    this.device = createPageDevice({
      stores,
      exportManifest: (id) => this.exportManifest(id),
      onImported: () => this.#files.changed(),
    });
    const health = new SwarmHealthMonitor(this.#swarm);
    this.#health = health;
    this.#gate.watch((lock) => {
      if (lock === null) health.refresh();
    });
  }

  async start(): Promise<void> {
    await this.#swarmKey.start();
    await this.#files.refresh();
    await this.vault.start();
    if ((await this.#stores.journals.leftovers()).length > 0) await (await this.#uploads.get()).restore();
    await this.deletions.restore();
    this.#health.watch((health) => {
      this.deletions.swarmSeen(health);
      this.catalog.swarmSeen(health);
    });
  }

  watchFiles(callback: (files: readonly StoredFile[]) => void): () => void {
    return this.vault.watchFiles(callback);
  }

  watchTransfers(callback: (transfers: readonly Transfer[]) => void): () => void {
    return this.#uploads.watch(callback);
  }

  watchSwarm(callback: (health: SwarmHealth) => void): () => void {
    return this.#health.watch(callback);
  }

  watchAccess(callback: (access: SwarmAccess) => void): () => void {
    return this.#swarmKey.watch(callback);
  }

  unlockSwarm(keyText: string): Promise<void> {
    this.#askToPersist();
    return this.#swarmKey.unlock(keyText);
  }

  forgetSwarmKey(): Promise<void> {
    return this.#swarmKey.forget();
  }

  async upload(
    files: readonly PickedFile[],
    { mode, folder = '' }: { readonly mode: CompressionMode; readonly folder?: string },
  ): Promise<void> {
    this.#askToPersist();
    (await this.#uploads.get()).add(files, mode, folder);
  }

  async pause(transferId: string): Promise<void> {
    await (await this.#uploads.get()).pause(transferId);
  }

  async pauseAll(): Promise<void> {
    await (await this.#uploads.get()).pauseAll();
  }

  async resume(transferId: string, file?: PickedFile): Promise<void> {
    await (await this.#uploads.get()).resume(transferId, file);
  }

  async resumeAll(): Promise<void> {
    await (await this.#uploads.get()).resumeAll();
  }

  async cancel(transferId: string): Promise<void> {
    await (await this.#uploads.get()).cancel(transferId);
    await this.deletions.restore();
  }

  async cancelAll(): Promise<void> {
    await (await this.#uploads.get()).cancelAll();
    await this.deletions.restore();
  }

  async dismiss(transferId: string): Promise<void> {
    (await this.#uploads.get()).dismiss(transferId);
  }

  async prepare(manifestId: ManifestId, signal: AbortSignal): Promise<void> {
    await this.#manifests.get(manifestId, signal);
  }

  streamUrl(
    manifestId: ManifestId,
    { download = false }: { readonly download?: boolean } = {},
  ): string | null {
    if (!this.abilities.streaming) return null;
    return formatStreamUrl(manifestId, this.#file(manifestId)?.name ?? '', download);
  }

  async download(
    manifestId: ManifestId,
    signal: AbortSignal,
    progress: (bytes: number) => void,
  ): Promise<void> {
    const file = this.#file(manifestId);
    if (file === undefined) throw new AppError('NOT_FOUND', 'This file is not on the list any more.');
    const url = this.streamUrl(manifestId, { download: true });
    if (url !== null) {
      await this.prepare(manifestId, signal);
      return downloadThroughLocks(url, file.sizeBytes, { gate: this.#gate, swarm: this.#swarm }, signal);
    }
    const { downloadDirectly } = await loadDirectDownload();
    const open = (): Promise<DownloaderOptions> => this.#downloaderOptions(manifestId, signal);
    return downloadDirectly({ name: baseName(file.name), open, gate: this.#gate }, signal, progress);
  }

  async chunks(manifestId: ManifestId, from: number, count: number): Promise<readonly ChunkRow[]> {
    const { rows } = await this.#manifests.get(manifestId, this.#disposed.signal);
    return readRows(rows, from, count);
  }

  async exportManifest(manifestId: ManifestId, { owner = false } = {}): Promise<Blob> {
    const { exportFile } = await loadManifestTransfer();
    const manifest = await this.#manifests.get(manifestId, this.#disposed.signal);
    return exportFile(this.#stores, manifestId, manifest, owner);
  }

  async forget(manifestId: ManifestId): Promise<void> {
    await (await this.vault.loaded()).forget(manifestId);
  }

  watchUpdate(callback: (ready: boolean) => void): () => void {
    if (this.#serviceWorker !== null) return this.#serviceWorker.watchUpdate(callback);
    callback(false);
    return () => undefined;
  }

  async applyUpdate(): Promise<void> {
    // Another tab counts as well: the update takes away the worker script that its upload may still have to load.
    if (this.#uploads.loaded?.active === true || (await this.#stores.journals.inUse())) {
      throw new AppError(
        'CONFLICT',
        'An upload is under way, here or in another tab: update when it has ended.',
      );
    }
    if (this.#serviceWorker === null) throw new AppError('NOT_FOUND', 'There is no newer version.');
    await this.#serviceWorker.applyUpdate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed.abort();
    this.#health.dispose();
    this.#storage?.dispose();
    this.network.dispose();
    this.#swarmKey.dispose();
    await this.#uploads.dispose();
    await this.deletions.dispose();
    this.catalog.dispose();
    await this.vault[Symbol.asyncDispose]();
    await this.#pool?.[Symbol.asyncDispose]();
    this.#files.dispose();
    this.#serviceWorker?.dispose();
    this.#gate.dispose();
    this.#keyNews.close();
    await this.#stores[Symbol.asyncDispose]();
  }

  #listed(id: ManifestId): StoredFile | undefined {
    return this.vault.files.find(({ manifestId }) => manifestId === id);
  }

  #file(id: ManifestId): StoredFile | undefined {
    return this.#listed(id) ?? this.sharing.opened(id);
  }

  async #downloaderOptions(manifestId: ManifestId, signal: AbortSignal): Promise<DownloaderOptions> {
    const [manifest, workers] = await Promise.all([this.#manifests.get(manifestId, signal), this.#workers()]);
    return { manifest, swarm: this.#swarm, workers, view: this.#view };
  }
}
