/** Browsers that share relays in memory: each with stores of its own, and a vault in its page. */
import type { XzCodec } from '../../../../../shared/codec/xz.ts';
import type { EngineClock } from '../../../../../shared/engine/clock.ts';
import { createSwarmView } from '../../../../../shared/engine/swarm-view.ts';
import { AppError, abortError } from '../../../../../shared/errors.ts';
import type { ManifestId } from '../../../../../shared/ids.ts';
import { FileList } from '../../../../../web/engine/file-list.ts';
import type { LocalStores } from '../../../../../web/engine/local-stores.ts';
import { createMemoryStores } from '../../../../../web/engine/memory-stores.ts';
import { ManifestLinks } from '../../../../../web/engine/sharing/manifest-links.ts';
import { PageVault } from '../../../../../web/engine/vault/page-vault.ts';
import type { VaultStatus } from '../../../../../web/engine/vault/vault-contract.ts';
import type { Listing } from '../../../../../web/engine/vault/vault-listing.ts';
import type { VaultNews } from '../../../../../web/engine/vault/vault-news.ts';
import { DeletingSwarm, MemoryRecords } from '../../../shared/engine/vault-bench.ts';
import { instant, storeFile } from '../browser-bench.ts';
import { LockableGate } from '../lockable-gate.ts';

/** Time stands still: what waits is woken, or ends with its page. */
export const still: EngineClock = {
  now: () => 0,
  sleep: (_ms, signal) =>
    new Promise((_resolve, reject) => {
      if (signal.aborted) reject(abortError(signal));
      signal.addEventListener('abort', () => reject(abortError(signal)), { once: true });
    }),
};

const NOBODY: VaultNews = { tell: () => undefined, listen: () => () => undefined, close: () => undefined };

export class Relays extends DeletingSwarm {
  readonly records = new MemoryRecords();

  constructor() {
    super(instant, 6);
  }
}

export interface ProfileOptions {
  readonly stores?: LocalStores;
  readonly locks?: LockManager | null;
  readonly news?: VaultNews;
}

export class Profile implements AsyncDisposable {
  readonly stores: LocalStores;
  readonly local: FileList;
  readonly vault: PageVault;
  readonly deleted: ManifestId[] = [];
  readonly #relays: Relays;
  listing: Listing = { files: [], folders: [] };
  status: VaultStatus | null = null;

  constructor(relays: Relays, xz: XzCodec, { stores, locks = null, news = NOBODY }: ProfileOptions = {}) {
    this.#relays = relays;
    this.stores = stores ?? createMemoryStores();
    this.local = new FileList(this.stores.files, false);
    const parts = {
      ...{ stores: this.stores, swarm: relays, gate: new LockableGate() },
      loadXz: () => Promise.resolve(xz),
    };
    const links = new ManifestLinks({ ...parts, view: createSwarmView(relays) });
    this.vault = new PageVault({
      ...{ ...parts, local: this.local, locks, news, clock: still },
      linkOf: (id, signal) => links.linkOf(id, signal),
      deleteFile: (id) => {
        this.deleted.push(id);
        return Promise.resolve();
      },
      // Nobody looks: what is compared, the test says.
      page: {
        visibilityState: 'hidden',
        addEventListener: () => undefined,
        removeEventListener: () => undefined,
      },
      onListing: (listing) => (this.listing = listing),
      onStatus: (status) => (this.status = status),
    });
  }

  static async open(relays: Relays, xz: XzCodec, options: ProfileOptions = {}): Promise<Profile> {
    const profile = new Profile(relays, xz, options);
    await profile.local.refresh();
    await profile.vault.start();
    return profile;
  }

  get paths(): string[] {
    return this.listing.files.map(({ path }) => path).sort();
  }

  /** Stores a file as an upload does, at a path. */
  async add(path: string): Promise<ManifestId> {
    const id = await storeFile(this.stores, this.#relays, 1);
    await this.stores.files.place(id, path);
    await this.local.changed();
    await this.vault.refresh();
    return id;
  }

  /** Once no other tab is at it. */
  async compare(): Promise<void> {
    for (;;) {
      try {
        await this.vault.compare(new AbortController().signal);
        return;
      } catch (cause) {
        if (AppError.from(cause).code !== 'CONFLICT') throw cause;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vault[Symbol.asyncDispose]();
    this.local.dispose();
    await this.stores[Symbol.asyncDispose]();
  }
}
