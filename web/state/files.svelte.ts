/** The file list: what is in the open folder, in the order and through the search that the user chose. */
import { firstOrder, sortFiles } from './file-order.ts';
import type { FileOrder, SortKey } from './file-order.ts';
import { folderFromAddress } from './folder-address.ts';
import { allFolders, contentOf, filesWithin, search } from './entries.ts';
import type { Entry } from './entries.ts';
import type { Folders } from './folders.svelte.ts';
import { Selection } from './selection.svelte.ts';
import type { AppEngine, ManifestId, StoredFile } from './engine-types.ts';
import type { Notices } from './notices.svelte.ts';
import type { Routes } from './routes.svelte.ts';

export class Files implements Disposable {
  readonly #engine: AppEngine;
  readonly #notices: Notices;
  readonly #stop: () => void;
  readonly #folders: Pick<Folders, 'paths'>;
  #all = $state.raw<readonly StoredFile[]>([]);
  #loaded = $state(false);
  #order = $state.raw<FileOrder>(firstOrder('date'));
  /** What the user typed to find files in all folders. */
  query = $state('');
  readonly #folder: string;
  readonly #allFolders = $derived.by(() => allFolders(this.#all, this.#folders.paths));
  readonly #found = $derived.by((): readonly Entry[] => {
    if (this.searching) return search(this.query, this.#all, this.#folders.paths);
    const { folders, files } = contentOf(this.folder, this.#all, this.#folders.paths);
    return [...folders, ...files];
  });
  readonly #visible = $derived([
    ...sortFiles(
      this.#found.filter(({ kind }) => kind === 'folder'),
      this.#order,
    ),
    ...sortFiles(
      this.#found.filter(({ kind }) => kind === 'file'),
      this.#order,
    ),
  ]);
  readonly #keys = $derived(this.#visible.map(({ key }) => key));
  readonly selection = new Selection(() => this.#keys);
  readonly #selected = $derived(this.#visible.filter(({ key }) => this.selection.has(key)));
  readonly #totalBytes = $derived(this.#all.reduce((sum, file) => sum + file.sizeBytes, 0));

  constructor(
    engine: AppEngine,
    notices: Notices,
    {
      routes,
      folders,
    }: { readonly routes: Pick<Routes, 'detail' | 'view'>; readonly folders: Pick<Folders, 'paths'> },
  ) {
    this.#engine = engine;
    this.#notices = notices;
    this.#folders = folders;
    this.#folder = $derived(routes.view === 'files' ? folderFromAddress(routes.detail) : '');
    this.#stop = engine.watchFiles((files) => {
      this.#all = files;
      this.#loaded = true;
    });
  }

  /** False until the engine has told the list for the first time. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Of all folders, in no order. */
  get all(): readonly StoredFile[] {
    return this.#all;
  }

  /** Of all folders. */
  get count(): number {
    return this.#all.length;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** The open folder's path; `''` for the top. */
  get folder(): string {
    return this.#folder;
  }

  /** Whether the open folder is there, as far as is known. */
  get folderExists(): boolean {
    return this.folder === '' || this.#allFolders.includes(this.folder);
  }

  /** Paths of all folders, each right after the one it is in. */
  get folders(): readonly string[] {
    return this.#allFolders;
  }

  get searching(): boolean {
    return this.query.trim() !== '';
  }

  /** Found and sorted, folders first. */
  get visible(): readonly Entry[] {
    return this.#visible;
  }

  /** In the order of the list; what it does not show is not selected. */
  get selected(): readonly Entry[] {
    return this.#selected;
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

  /** The files among the entries and in the folders among them, each once. */
  within(entries: readonly Entry[]): StoredFile[] {
    return filesWithin(entries, this.#all);
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
