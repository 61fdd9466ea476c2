/** Everything that needs a running engine. */
import { Activity } from './activity.svelte.ts';
import { AppUpdate } from './app-update.svelte.ts';
import { FileDeletions } from './deletion.svelte.ts';
import { ChunkPages } from './chunk-pages.svelte.ts';
import { CheckedFiles } from './file-checks.svelte.ts';
import { Downloads } from './downloads.svelte.ts';
import { Files } from './files.svelte.ts';
import { Folders } from './folders.svelte.ts';
import { takeIncoming } from './incoming.ts';
import { OpenLink } from './open-link.svelte.ts';
import { Network } from './network.svelte.ts';
import { PrivateSwarm } from './private-swarm.svelte.ts';
import { Swarm } from './swarm.svelte.ts';
import { Transfers } from './transfers.svelte.ts';
import { Vault } from './vault.svelte.ts';
import type {
  Abilities,
  AppEngine,
  CompressionMode,
  FileChecks,
  FileDistribution,
  ManifestId,
  PublicCatalog,
  ShareLinks,
  StoragePort,
  StoredFile,
  ThisDevice,
} from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';
import type { Routes } from './routes.svelte.ts';

export class Session implements AsyncDisposable {
  readonly #engine: AppEngine;
  readonly abilities: Abilities;
  readonly files: Files;
  readonly folders: Folders;
  readonly transfers: Transfers;
  readonly downloads: Downloads;
  readonly swarm: Swarm;
  readonly privateSwarm: PrivateSwarm;
  readonly network: Network;
  readonly activity: Activity;
  readonly checks: CheckedFiles;
  readonly update: AppUpdate;
  readonly deletions: FileDeletions;
  readonly openLink: OpenLink;
  readonly catalog: PublicCatalog;
  readonly device: ThisDevice;

  constructor(engine: AppEngine, notices: Notices, routes: Routes) {
    this.#engine = engine;
    this.abilities = engine.abilities;
    this.folders = new Folders(engine, notices);
    this.files = new Files(engine, notices, { routes, folders: this.folders });
    this.transfers = new Transfers(engine, notices);
    this.downloads = new Downloads(engine, notices);
    this.swarm = new Swarm(engine);
    this.privateSwarm = new PrivateSwarm(engine, notices);
    this.network = new Network(engine.network, () => Date.now());
    this.activity = new Activity(engine.network, () => performance.now());
    this.checks = new CheckedFiles(engine.checks);
    this.update = new AppUpdate(engine, notices);
    this.deletions = new FileDeletions(engine, notices);
    this.openLink = new OpenLink(engine, notices);
    this.catalog = engine.catalog;
    this.device = engine.device;
  }

  /** Whether leaving the page would interrupt something. */
  get busy(): boolean {
    return this.transfers.active || this.transfers.anyUnkept || this.downloads.active;
  }

  /** Throws `UNAVAILABLE`. */
  storage(): Promise<StoragePort> {
    return this.#engine.storage();
  }

  /** Uploads what was shared with the app, and imports the manifests that it is opened with. */
  takeIncoming(notices: Notices, mode: () => CompressionMode): Promise<void> {
    return takeIncoming({
      incoming: this.#engine.incoming,
      notices,
      mode,
      upload: (files, chosen) => this.transfers.upload(files, chosen),
      importManifests: (files) => this.files.importManifests(files),
    });
  }

  /** For one view, which disposes of it. */
  openVault(): Vault {
    return new Vault(this.#engine);
  }

  /** A file's chunks, none of them read yet. */
  chunkPages(file: StoredFile): ChunkPages {
    return new ChunkPages(this.#engine, file);
  }

  /** The links of a file; with an owner's one can delete it, too. Throws `AppError`. */
  share(
    manifestId: ManifestId,
    { owner }: { readonly owner: boolean },
    signal: AbortSignal,
  ): Promise<ShareLinks> {
    const { sharing } = this.#engine;
    return owner ? sharing.shareAsOwner(manifestId, signal) : sharing.share(manifestId, signal);
  }

  /** Where a file lies. Throws `AppError`. */
  distribution(...question: Parameters<FileChecks['distribution']>): Promise<FileDistribution> {
    return this.#engine.checks.distribution(...question);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.files[Symbol.dispose]();
    this.folders[Symbol.dispose]();
    this.transfers[Symbol.dispose]();
    this.downloads[Symbol.dispose]();
    this.swarm[Symbol.dispose]();
    this.privateSwarm[Symbol.dispose]();
    this.network[Symbol.dispose]();
    this.activity[Symbol.dispose]();
    this.checks[Symbol.dispose]();
    this.update[Symbol.dispose]();
    this.deletions[Symbol.dispose]();
    this.openLink[Symbol.dispose]();
    await this.#engine[Symbol.asyncDispose]();
  }
}
