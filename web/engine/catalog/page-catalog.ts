import type { XzCodec } from '../../../shared/codec/xz.ts';
import { deriveDeleteKey } from '../../../shared/crypto/kdf.ts';
import { listCatalog } from '../../../shared/engine/catalog.ts';
import type { CatalogEntry, CatalogSummary } from '../../../shared/engine/catalog.ts';
import {
  entryIdOf,
  publishManifest,
  settleUnpublishing,
  unpublish,
} from '../../../shared/engine/catalog-publish.ts';
import type {
  OwnPublication,
  OwnerOptions,
  UnpublishOptions,
} from '../../../shared/engine/catalog-publish.ts';
import type { EngineClock } from '../../../shared/engine/clock.ts';
import type { RelaySwarm } from '../../../shared/engine/relay-client.ts';
import type { SwarmView } from '../../../shared/engine/swarm-view.ts';
import { AppError } from '../../../shared/errors.ts';
import { formatLink } from '../../../shared/format/capability.ts';
import type { Manifest } from '../../../shared/format/manifest-types.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import { CATALOG_POLL_MS, MAX_CATALOG_ROWS_KEPT } from '../../../shared/limits.ts';
import { deleteKeysOf } from '../delete-keys.ts';
import type { LocalStores } from '../local-stores.ts';
import type { LinkedFile, Sharing } from '../sharing/sharing-contract.ts';
import type { SwarmGate } from '../swarm-gate.ts';
import { throughLocks } from '../through-locks.ts';
import type {
  CatalogNews,
  CatalogView,
  LoosePublication,
  PublicCatalog,
  PublishedFile,
} from './catalog-contract.ts';
import { whenVisible } from './when-visible.ts';
import type { VisiblePage } from './when-visible.ts';

export interface PageCatalogOptions {
  readonly stores: Pick<LocalStores, 'vault' | 'publications'>;
  /** Of a file on the list. Throws as `ManifestSource.get`. */
  readonly manifestOf: (id: ManifestId, signal: AbortSignal) => Promise<Manifest>;
  readonly swarm: Pick<RelaySwarm, 'members' | 'put' | 'get' | 'deleteChunks' | 'catalog'>;
  readonly view: SwarmView;
  readonly gate: Pick<SwarmGate, 'locks' | 'whenOpen'>;
  readonly sharing: Pick<Sharing, 'open' | 'close'>;
  readonly loadXz: () => Promise<XzCodec>;
  readonly clock: EngineClock;
  /** Nobody looks at one that is hidden. */
  readonly page: VisiblePage;
}

export class PageCatalog implements PublicCatalog {
  readonly #options: PageCatalogOptions;
  readonly #disposed = new AbortController();
  /** Aborted, and replaced, when the catalog has been changed here. */
  #changed = new AbortController();
  /** Of the last listing. */
  #verified: ReadonlyMap<string, CatalogEntry> = new Map();

  constructor(options: PageCatalogOptions) {
    this.#options = options;
  }

  watch(q: string, callback: (view: CatalogView) => void): () => void {
    const stopped = new AbortController();
    void this.#follow(q, callback, AbortSignal.any([stopped.signal, this.#disposed.signal]));
    return () => stopped.abort();
  }

  async open(entryId: string, signal: AbortSignal): Promise<LinkedFile> {
    const entry = this.#verified.get(entryId);
    if (entry === undefined) throw new AppError('NOT_FOUND', 'This is not in the catalog any more.');
    const { sharing } = this.#options;
    const held = await sharing.open(formatLink(entry.link), signal);
    if (held.file.sizeBytes === entry.publication.size) return held;
    if (!held.listed) await sharing.close(held.file.manifestId);
    throw new AppError('CORRUPT', 'The catalog’s entry does not tell the truth about its file.');
  }

  async publish(manifestId: ManifestId, name: string, signal: AbortSignal): Promise<void> {
    const { stores, manifestOf, swarm, view, gate, loadXz } = this.#options;
    const { secret, deviceId } = stores.vault;
    const [manifest, xz, deleteKey] = await Promise.all([
      manifestOf(manifestId, signal),
      loadXz(),
      deriveDeleteKey(secret, deviceId),
    ]);
    const options = { ...this.#owner, name, swarm, view, xz, deleteKey };
    try {
      await throughLocks(gate, signal, () => publishManifest(manifest, options, signal));
    } finally {
      this.#tell();
    }
  }

  async unpublish(ownId: string, signal: AbortSignal): Promise<void> {
    const { stores, gate } = this.#options;
    const publication = (await stores.publications.list()).find(({ id }) => id === ownId);
    if (publication === undefined)
      throw new AppError('NOT_FOUND', 'This device has not published that: only the one that did can.');
    try {
      const options = await this.#unpublishing();
      await throughLocks(gate, signal, () => unpublish(publication, options, signal));
    } finally {
      this.#tell();
    }
  }

  async settle(): Promise<void> {
    try {
      await settleUnpublishing(await this.#unpublishing(), this.#disposed.signal);
    } catch (cause) {
      // It is shown as what is yet to be taken back, and tried again with the next look at the catalog.
      if (!(cause instanceof AppError)) throw cause;
    }
  }

  dispose(): void {
    this.#disposed.abort();
  }

  async #unpublishing(): Promise<UnpublishOptions> {
    const { stores, swarm } = this.#options;
    return { ...this.#owner, swarm, deleteKeys: await deleteKeysOf(stores.vault) };
  }

  get #owner(): OwnerOptions {
    const { stores, swarm } = this.#options;
    const { secret: vaultSecret, former } = stores.vault;
    return {
      catalog: swarm.catalog,
      store: stores.publications,
      vaultSecret,
      formerSecrets: former.map(({ secret }) => secret),
    };
  }

  #tell(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }

  /** Ends when the signal fires; never rejects. */
  async #follow(q: string, callback: (view: CatalogView) => void, signal: AbortSignal): Promise<void> {
    let news: CatalogNews | null = null;
    try {
      for (;;) {
        await whenVisible(this.#options.page, signal);
        const { signal: changed } = this.#changed;
        const view = await this.#ask(q, news, signal);
        signal.throwIfAborted();
        ({ news } = view);
        callback(view);
        await this.#pause(changed, signal);
      }
    } catch (cause) {
      if (!signal.aborted) reportError(cause);
    }
  }

  async #pause(changed: AbortSignal, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(CATALOG_POLL_MS, AbortSignal.any([signal, changed]));
    } catch (cause) {
      if (!changed.aborted) throw cause;
    }
  }

  async #ask(q: string, before: CatalogNews | null, signal: AbortSignal): Promise<CatalogView> {
    try {
      return { news: await this.#read(q, signal), error: null };
    } catch (cause) {
      const { code, message } = AppError.from(cause);
      return { news: before, error: { code, message } };
    }
  }

  async #read(q: string, signal: AbortSignal): Promise<CatalogNews> {
    const { stores, swarm, gate } = this.#options;
    await gate.whenOpen(signal);
    await this.settle();
    const entries = new Map<string, CatalogEntry>();
    let summary: CatalogSummary = { skipped: 0, unreachable: 0, truncated: false };
    const listing = listCatalog(
      {
        catalog: swarm.catalog,
        q,
        maxRows: MAX_CATALOG_ROWS_KEPT,
        verified: this.#verified,
        onSummary: (ended) => (summary = ended),
      },
      signal,
    );
    for await (const entry of listing) entries.set(entry.id, entry);
    this.#verified = entries;
    const own = await stores.publications.list();
    const incomplete = summary.unreachable > 0;
    const { truncated } = summary;
    const whole = q === '' && !incomplete && !truncated;
    return {
      entries: published(entries, own),
      loose: own.flatMap((publication) => looseOf(publication, entries, whole)),
      incomplete,
      truncated,
    };
  }
}

function published(
  entries: ReadonlyMap<string, CatalogEntry>,
  own: readonly OwnPublication[],
): PublishedFile[] {
  const ownIds = new Map(own.map((publication) => [entryIdOf(publication), publication.id]));
  return Array.from(entries.values(), ({ id, publication: { name, type, size, created } }) => ({
    ...{ id, name, type, sizeBytes: size, created },
    ownId: ownIds.get(id) ?? null,
  }));
}

/** `whole`: what is not among the entries is not in the catalog. */
function looseOf(
  publication: OwnPublication,
  entries: ReadonlyMap<string, CatalogEntry>,
  whole: boolean,
): LoosePublication[] {
  const { id, manifestId, name, size } = publication;
  const missing = publication.state === 'published' && whole && !entries.has(entryIdOf(publication) ?? '');
  const state = missing ? 'missing' : publication.state;
  if (state === 'published' || state === 'unpublished') return [];
  return [{ id, manifestId, name, sizeBytes: size, state }];
}
