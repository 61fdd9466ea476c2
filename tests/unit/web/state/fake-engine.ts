/** An in-memory `AppEngine` that a test drives by hand: nothing happens by itself, and every call is recorded. */
import { AppError, throwIfAborted } from '../../../../shared/errors.ts';
import type { ChunkRow } from '../../../../shared/format/manifest-types.ts';
import type { ManifestId } from '../../../../shared/ids.ts';
import type { CompressionMode } from '../../../../shared/codec/compression.ts';
import type {
  Abilities,
  AppEngine,
  PickedFile,
  StoredFile,
  SwarmAccess,
  SwarmHealth,
  Transfer,
} from '../../../../web/engine/contract.ts';
import type { CatalogView, PublicCatalog } from '../../../../web/engine/catalog/catalog-contract.ts';
import type { Deletions, FileDeletion } from '../../../../web/engine/deletion/deletion-contract.ts';
import type { FileChecks } from '../../../../web/engine/health/health-contract.ts';
import { FakeDevice } from './fake-device.ts';
import { distributionOf } from '../../shared/engine/distributions.ts';
import type { StoragePort } from '../../../../web/engine/storage/storage-contract.ts';
import type { LinkedFile, Sharing } from '../../../../web/engine/sharing/sharing-contract.ts';
import type { EventBatch, NetworkPort, NetworkView } from '../../../../web/engine/network/network-port.ts';
import type { RestoredVault, VaultPort, VaultStatus } from '../../../../web/engine/vault/vault-contract.ts';
import { FakeStorage } from './fake-storage.ts';
import { Watched } from './watched.ts';

const FULL_ABILITIES: Abilities = {
  secureContext: true,
  streaming: true,
  savePicker: true,
  fileHandles: false,
  persistent: true,
};

let counter = 0;

function manifestId(seed: number): ManifestId {
  return seed.toString(16).padStart(64, '0') as ManifestId;
}

export function storedFile(overrides: Partial<StoredFile> = {}): StoredFile {
  counter++;
  return {
    manifestId: manifestId(counter),
    path: overrides.name ?? `file-${counter}.bin`,
    name: `file-${counter}.bin`,
    type: 'application/octet-stream',
    sizeBytes: 1000,
    created: '2026-11-23T05:00:00Z',
    chunkCount: 1,
    minReplicas: 5,
    owned: true,
    ...overrides,
  };
}

export function transfer(overrides: Partial<Transfer> = {}): Transfer {
  counter++;
  return {
    id: `transfer-${counter}`,
    name: `upload-${counter}.bin`,
    folder: '',
    sizeBytes: 1000,
    mode: 'smallest',
    state: 'queued',
    stages: null,
    kept: true,
    storedBytes: 0,
    sentBytes: 0,
    chunksStored: 0,
    chunkCount: 1,
    bytesPerSecond: null,
    secondsLeft: null,
    minReplicas: null,
    resumedBytes: 0,
    error: null,
    manifestId: null,
    ...overrides,
  };
}

export function deletion(overrides: Partial<FileDeletion> = {}): FileDeletion {
  counter++;
  return {
    id: `deletion-${counter}`,
    name: `file-${counter}.bin`,
    manifestId: manifestId(counter),
    state: 'waiting',
    chunksDone: 0,
    chunkCount: 3,
    relays: [],
    foreignChunks: 0,
    begun: false,
    error: null,
    ...overrides,
  };
}

/** A swarm to look at, told by hand. */
export class FakeNetwork implements NetworkPort {
  readonly view = new Watched<NetworkView>({ snapshot: null, reachable: true });
  readonly events = new Watched<EventBatch>({ events: [], missed: 0, live: false });

  watchNetwork(callback: (view: NetworkView) => void): () => void {
    return this.view.watch(callback);
  }

  watchEvents(callback: (batch: EventBatch) => void): () => void {
    return this.events.watch(callback);
  }

  addRelay(): never {
    throw new Error('Not used here.');
  }
}

/** A catalog that a test fills by hand. */
export class FakeCatalog implements PublicCatalog {
  /** One for each text that is looked for now. */
  readonly watching = new Map<string, (view: CatalogView) => void>();
  readonly calls: string[] = [];
  failure: AppError | null = null;
  linked: LinkedFile | null = null;

  watch(q: string, callback: (view: CatalogView) => void): () => void {
    this.watching.set(q, callback);
    return () => this.watching.delete(q);
  }

  async open(entryId: string): Promise<LinkedFile> {
    await this.#act(`open ${entryId}`);
    if (this.linked === null) throw new AppError('CHUNK_LOST', 'Nobody has it.');
    return this.linked;
  }

  publish(id: ManifestId, name: string): Promise<void> {
    return this.#act(`publish ${id} as ${name}`);
  }

  unpublish(ownId: string): Promise<void> {
    return this.#act(`unpublish ${ownId}`);
  }

  settle(): Promise<void> {
    return this.#act('settle');
  }

  #act(call: string): Promise<void> {
    this.calls.push(call);
    return this.failure === null ? Promise.resolve() : Promise.reject(this.failure);
  }
}

const IN_STEP: VaultStatus = {
  state: 'open',
  unpublished: false,
  devices: 1,
  unread: 0,
  syncing: false,
  comparedAt: '2026-11-23T05:00:00Z',
  error: null,
};

export class FakeEngine implements AppEngine {
  readonly abilities: Abilities;
  readonly files = new Watched<readonly StoredFile[]>([]);
  readonly transfers = new Watched<readonly Transfer[]>([]);
  readonly swarm = new Watched<SwarmHealth>({ reachable: true, storageRelays: 7, hosts: 3 });
  readonly folders = new Watched<readonly string[]>([]);
  readonly vaultStatus = new Watched<VaultStatus>(IN_STEP);
  /** What a restore brings. */
  restored: RestoredVault = { files: 3, devices: 1, unread: 0 };
  readonly deleted = new Watched<readonly FileDeletion[]>([]);
  /** What a link leads to; null: to nothing. */
  linked: LinkedFile | null = null;
  distribution = distributionOf([[0, 1, 2, 3, 4]]);
  readonly access = new Watched<SwarmAccess>({ lock: null, hasKey: false });
  readonly update = new Watched(false);
  readonly network = new FakeNetwork();
  readonly catalog = new FakeCatalog();
  readonly device = new FakeDevice();
  readonly incoming = { takeShared: () => Promise.resolve([]), watchOpened: () => undefined };
  readonly stored = new FakeStorage();
  readonly uploads: { files: readonly PickedFile[]; mode: CompressionMode; folder: string }[] = [];
  readonly calls: string[] = [];
  chunkRows: readonly ChunkRow[] = [];
  disposed = false;
  /** Thrown by every action while set. */
  failure: AppError | null = null;
  /** What a download does between its start and its end. */
  whileDownloading: (signal: AbortSignal, progress: (bytes: number) => void) => Promise<void> = () =>
    Promise.resolve();

  constructor(abilities: Partial<Abilities> = {}) {
    this.abilities = { ...FULL_ABILITIES, ...abilities };
  }

  get watcherCount(): number {
    return (
      this.files.watchers.size +
      this.transfers.watchers.size +
      this.swarm.watchers.size +
      this.access.watchers.size +
      this.deleted.watchers.size +
      this.folders.watchers.size +
      this.vaultStatus.watchers.size +
      this.network.view.watchers.size +
      this.network.events.watchers.size +
      this.update.watchers.size
    );
  }

  readonly sharing: Sharing = {
    share: async (id) => {
      await this.#act(`share ${id}`);
      return { link: `lanvault:${id}#key`, webLink: `http://localhost:8888/#/open/${id}.key` };
    },
    shareAsOwner: async (id) => {
      await this.#act(`share ${id} as owner`);
      return { link: `lanvault:${id}#key.token`, webLink: `http://localhost:8888/#/open/${id}.key.token` };
    },
    open: async (text) => {
      await this.#act(`open ${text}`);
      if (this.linked === null) throw new AppError('CHUNK_LOST', 'Nobody has it.');
      return this.linked;
    },
    keep: async (id) => {
      await this.#act(`keep ${id}`);
      return storedFile({ manifestId: id });
    },
    close: (id) => this.#act(`close ${id}`),
  };

  readonly checks: FileChecks = {
    distribution: async (id, signal, onProgress) => {
      await this.#act(`check ${id}`);
      onProgress?.(this.distribution.chunks.length, this.distribution.chunkCount);
      throwIfAborted(signal);
      return this.distribution;
    },
  };

  readonly vault: VaultPort = {
    watchFolders: (callback) => this.folders.watch(callback),
    watchStatus: (callback) => this.vaultStatus.watch(callback),
    createFolder: (path) => this.#act(`create folder ${path}`),
    rename: (path, newName) => this.#act(`rename ${path} to ${newName}`),
    move: (paths, folder) => this.#act(`move ${paths.join(', ')} to ${folder}`),
    removeFolder: (path) => this.#act(`remove folder ${path}`),
    compare: () => this.#act('compare'),
    phrase: async () => {
      await this.#act('phrase');
      return Array.from({ length: 24 }, (_, i) => `word${i + 1}`).join(' ');
    },
    phraseWords: () => Promise.resolve(['abandon', 'ability', 'zoo']),
    restore: async (phrase) => {
      await this.#act(`restore ${phrase}`);
      return this.restored;
    },
  };

  storage(): Promise<StoragePort> {
    return this.#act('storage').then(() => this.stored);
  }

  readonly deletions: Deletions = {
    watch: (callback) => this.deleted.watch(callback),
    start: (id) => this.#act(`delete ${id}`),
    stop: (id) => this.#act(`stop ${id}`),
    retry: (id) => this.#act(`retry ${id}`),
    keep: (id) => this.#act(`keep ${id}`),
    dismiss: (id) => this.#act(`dismiss ${id}`),
  };

  watchFiles(callback: (files: readonly StoredFile[]) => void): () => void {
    return this.files.watch(callback);
  }

  watchTransfers(callback: (transfers: readonly Transfer[]) => void): () => void {
    return this.transfers.watch(callback);
  }

  watchSwarm(callback: (health: SwarmHealth) => void): () => void {
    return this.swarm.watch(callback);
  }

  watchAccess(callback: (access: SwarmAccess) => void): () => void {
    return this.access.watch(callback);
  }

  unlockSwarm(keyText: string): Promise<void> {
    return this.#act(`unlock with ${keyText}`);
  }

  forgetSwarmKey(): Promise<void> {
    return this.#act('forget the swarm key');
  }

  upload(
    files: readonly PickedFile[],
    { mode, folder = '' }: { readonly mode: CompressionMode; readonly folder?: string },
  ): Promise<void> {
    this.uploads.push({ files, mode, folder });
    return this.#act('upload');
  }

  cancel(transferId: string): Promise<void> {
    return this.#act(`cancel ${transferId}`);
  }

  pause(transferId: string): Promise<void> {
    return this.#act(`pause ${transferId}`);
  }

  pauseAll(): Promise<void> {
    return this.#act('pause all');
  }

  resumeAll(): Promise<void> {
    return this.#act('resume all');
  }

  cancelAll(): Promise<void> {
    return this.#act('cancel all');
  }

  resume(transferId: string, file?: PickedFile): Promise<void> {
    return this.#act(`resume ${transferId}${file === undefined ? '' : ` with ${file.path}`}`);
  }

  dismiss(transferId: string): Promise<void> {
    return this.#act(`dismiss ${transferId}`);
  }

  prepare(id: ManifestId): Promise<void> {
    return this.#act(`prepare ${id}`);
  }

  streamUrl(id: ManifestId): string | null {
    return this.abilities.streaming ? `/stream/${id}/x` : null;
  }

  async download(id: ManifestId, signal: AbortSignal, progress: (bytes: number) => void): Promise<void> {
    await this.#act(`download ${id}`);
    await this.whileDownloading(signal, progress);
  }

  async chunks(id: ManifestId, from: number, count: number): Promise<readonly ChunkRow[]> {
    await this.#act(`chunks ${from} to ${from + count} of ${id}`);
    return this.chunkRows.slice(from, from + count);
  }

  async exportManifest(id: ManifestId, { owner = false }: { readonly owner?: boolean } = {}): Promise<Blob> {
    await this.#act(`export ${id}${owner ? ' as owner' : ''}`);
    return new Blob(['{}']);
  }

  forget(id: ManifestId): Promise<void> {
    return this.#act(`forget ${id}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
    return Promise.resolve();
  }

  watchUpdate(callback: (ready: boolean) => void): () => void {
    return this.update.watch(callback);
  }

  applyUpdate(): Promise<void> {
    return this.#act('applyUpdate');
  }

  #act(call: string): Promise<void> {
    this.calls.push(call);
    return this.failure === null ? Promise.resolve() : Promise.reject(this.failure);
  }
}
