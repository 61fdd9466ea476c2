import { AppError } from '../../../shared/errors.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import type { SwarmHealth } from '../contract.ts';
import { lazily } from '../lazily.ts';
import type { LinkedFile } from '../sharing/sharing-contract.ts';
import type { CatalogView, PublicCatalog } from './catalog-contract.ts';
import type { PageCatalog, PageCatalogOptions } from './page-catalog.ts';

/** The catalog, whose code is loaded when it is first asked for. */
export class LazyCatalog implements PublicCatalog {
  readonly #options: PageCatalogOptions;
  readonly #load = lazily(() => this.#make());
  #made: PageCatalog | null = null;
  #settled = false;
  #disposed = false;

  constructor(options: PageCatalogOptions) {
    this.#options = options;
  }

  watch(q: string, callback: (view: CatalogView) => void): () => void {
    let stop: (() => void) | null = null;
    let stopped = false;
    this.#load().then(
      (catalog) => {
        if (!stopped) stop = catalog.watch(q, callback);
      },
      (cause: unknown) => {
        const { code, message } = AppError.from(cause);
        if (!stopped) callback({ news: null, error: { code, message } });
      },
    );
    return () => {
      stopped = true;
      stop?.();
    };
  }

  async open(entryId: string, signal: AbortSignal): Promise<LinkedFile> {
    return (await this.#load()).open(entryId, signal);
  }

  async publish(manifestId: ManifestId, name: string, signal: AbortSignal): Promise<void> {
    await (await this.#load()).publish(manifestId, name, signal);
  }

  async unpublish(ownId: string, signal: AbortSignal): Promise<void> {
    await (await this.#load()).unpublish(ownId, signal);
  }

  async settle(): Promise<void> {
    const own = await this.#options.stores.publications.list();
    if (own.some(({ state }) => state === 'unpublishing')) await (await this.#load()).settle();
  }

  /** Relays have answered: what an earlier visit had to leave is settled, once. */
  swarmSeen({ reachable }: Pick<SwarmHealth, 'reachable'>): void {
    if (this.#settled || !reachable) return;
    this.#settled = true;
    this.settle().catch(reportError);
  }

  dispose(): void {
    this.#disposed = true;
    this.#made?.dispose();
  }

  async #make(): Promise<PageCatalog> {
    const { PageCatalog: Made } = await import('./page-catalog.ts');
    this.#made = new Made(this.#options);
    if (this.#disposed) this.#made.dispose();
    return this.#made;
  }
}
