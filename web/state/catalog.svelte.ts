/** The public catalog: what is published on this network, searched and sorted, and what this device has published. */
import { SvelteSet } from 'svelte/reactivity';
import { CATALOG_TYPING_MS } from '../../shared/limits.ts';
import { firstOrder, sortFiles } from './file-order.ts';
import type { FileOrder, SortKey } from './file-order.ts';
import type { CatalogView, LoosePublication, PublicCatalog, PublishedFile } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

export class Catalog implements Disposable {
  readonly #port: PublicCatalog;
  readonly #notices: Notices;
  readonly #disposed = new AbortController();
  #view = $state.raw<CatalogView>({ news: null, error: null });
  /** What the entries shown were searched for. */
  #searched = $state('');
  /** What the engine looks for. */
  #watched = '';
  #query = $state('');
  #order = $state.raw<FileOrder>(firstOrder('name'));
  onlyOwn = $state(false);
  readonly #takingBack = new SvelteSet<string>();
  #stop: () => void;
  #typing: ReturnType<typeof setTimeout> | undefined;
  readonly #entries = $derived(
    sortFiles(
      (this.#view.news?.entries ?? []).filter(({ ownId }) => !this.onlyOwn || ownId !== null),
      this.#order,
    ),
  );

  constructor(port: PublicCatalog, notices: Notices) {
    this.#port = port;
    this.#notices = notices;
    this.#stop = this.#watch('');
  }

  /** False until it could be read for the first time. */
  get loaded(): boolean {
    return this.#view.news !== null;
  }

  get error(): CatalogView['error'] {
    return this.#view.error;
  }

  /** Found and sorted. */
  get entries(): readonly PublishedFile[] {
    return this.#entries;
  }

  get loose(): readonly LoosePublication[] {
    return this.#view.news?.loose ?? [];
  }

  get incomplete(): boolean {
    return this.#view.news?.incomplete ?? false;
  }

  get truncated(): boolean {
    return this.#view.news?.truncated ?? false;
  }

  get query(): string {
    return this.#query;
  }

  /** Searched for when the typing pauses. */
  set query(query: string) {
    this.#query = query;
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#search(query.trim()), CATALOG_TYPING_MS);
  }

  /** What was typed is being searched for. */
  get searching(): boolean {
    return this.#query.trim() !== this.#searched;
  }

  get order(): FileOrder {
    return this.#order;
  }

  /** Sorts by a column; choosing it again turns the order round. */
  sortBy(by: SortKey): void {
    this.#order = this.#order.by === by ? { by, descending: !this.#order.descending } : firstOrder(by);
  }

  isTakingBack(ownId: string): boolean {
    return this.#takingBack.has(ownId);
  }

  /** Takes one of this device's publications back. Failures are shown. */
  async unpublish(ownId: string, name: string): Promise<void> {
    if (this.#takingBack.has(ownId)) return;
    this.#takingBack.add(ownId);
    try {
      await this.#port.unpublish(ownId, this.#disposed.signal);
      this.#notices.info(`${name} is no longer in the catalog`);
    } catch (cause) {
      this.#notices.error(`${name} could not be taken out of the catalog`, cause);
    } finally {
      this.#takingBack.delete(ownId);
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#typing);
    this.#disposed.abort();
    this.#stop();
  }

  #search(q: string): void {
    if (q === this.#watched) return;
    this.#stop();
    this.#stop = this.#watch(q);
  }

  #watch(q: string): () => void {
    this.#watched = q;
    return this.#port.watch(q, (view) => {
      if (view.news !== null) this.#searched = q;
      // What was found before stands until there is something new.
      this.#view = view.news === null ? { news: this.#view.news, error: view.error } : view;
    });
  }
}
