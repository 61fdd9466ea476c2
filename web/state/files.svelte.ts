/** The file list: what is stored, in the order and through the filter that the user chose, and what can be done with it. */
import { SvelteSet } from 'svelte/reactivity';
import { filterFiles, firstOrder, sortFiles } from './file-order.ts';
import type { FileOrder, SortKey } from './file-order.ts';
import type { AppEngine, ManifestId, StoredFile } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';

export class Files implements Disposable {
  readonly #engine: AppEngine;
  readonly #notices: Notices;
  readonly #stop: () => void;
  #all = $state.raw<readonly StoredFile[]>([]);
  #loaded = $state(false);
  #order = $state.raw<FileOrder>(firstOrder('date'));
  /** What the user typed to narrow the list. */
  query = $state('');
  readonly #visible = $derived(sortFiles(filterFiles(this.#all, this.query), this.#order));
  readonly #selectedIds = new SvelteSet<ManifestId>();
  /** In the order of the list; those that the filter hides are not selected. */
  readonly #selected = $derived(this.#visible.filter(({ manifestId }) => this.#selectedIds.has(manifestId)));
  readonly #totalBytes = $derived(this.#all.reduce((sum, file) => sum + file.sizeBytes, 0));

  constructor(engine: AppEngine, notices: Notices) {
    this.#engine = engine;
    this.#notices = notices;
    this.#stop = engine.watchFiles((files) => {
      this.#all = files;
      this.#loaded = true;
    });
  }

  /** False until the engine has told the list for the first time. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** In no order. */
  get all(): readonly StoredFile[] {
    return this.#all;
  }

  get count(): number {
    return this.#all.length;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Filtered and sorted. */
  get visible(): readonly StoredFile[] {
    return this.#visible;
  }

  get selected(): readonly StoredFile[] {
    return this.#selected;
  }

  isSelected({ manifestId }: StoredFile): boolean {
    return this.#selectedIds.has(manifestId);
  }

  select({ manifestId }: StoredFile, selected: boolean): void {
    if (selected) this.#selectedIds.add(manifestId);
    else this.#selectedIds.delete(manifestId);
  }

  selectAll(selected: boolean): void {
    this.#selectedIds.clear();
    if (selected) for (const { manifestId } of this.#visible) this.#selectedIds.add(manifestId);
  }

  get order(): FileOrder {
    return this.#order;
  }

  /** Sorts by a column; choosing it again turns the order round. */
  sortBy(by: SortKey): void {
    this.#order = this.#order.by === by ? { by, descending: !this.#order.descending } : firstOrder(by);
  }

  byId(id: ManifestId): StoredFile | undefined {
    return this.#all.find((file) => file.manifestId === id);
  }

  /** Makes a file of another device ready for `streamUrl`. Throws `AppError`. */
  prepare(id: ManifestId, signal: AbortSignal): Promise<void> {
    return this.#engine.prepare(id, signal);
  }

  /** URL that plays or previews the file; null where the browser cannot stream. */
  streamUrl(id: ManifestId): string | null {
    return this.#engine.streamUrl(id);
  }

  /** The `.manifest` of a file, an owner's or a reader's, or null after an error that is shown. */
  async exportManifest(file: StoredFile, owner = false): Promise<Blob | null> {
    try {
      return await this.#engine.exportManifest(file.manifestId, { owner });
    } catch (cause) {
      this.#notices.error('The manifest could not be exported', cause);
      return null;
    }
  }

  /** Imports each; errors are shown and do not stop the others. */
  async importManifests(manifests: readonly File[]): Promise<void> {
    const { signal } = new AbortController();
    let count = 0;
    let first: string | null = null;
    for (const manifest of manifests) {
      try {
        const { imported, firstName, failures } = await this.#engine.device.importManifests(
          manifest,
          signal,
          () => undefined,
        );
        count += imported;
        first ??= firstName;
        if (failures[0] !== undefined) throw failures[0];
      } catch (cause) {
        this.#notices.error(`${manifest.name} could not be imported`, cause);
      }
    }
    if (first === null) return;
    this.#notices.info(count === 1 ? `${first} is in your list` : `${count} files are in your list`);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
