/** Files out of a drop or a picker, folders walked in order, each with its relative path. */
import { AppError } from '../../../shared/errors.ts';
import { MAX_PICKED_DEPTH, MAX_PICKED_FILES } from '../../../shared/limits.ts';
import type { PickedFile } from '../../state/engine-types.ts';

export interface CollectLimits {
  readonly maxFiles: number;
  readonly maxDepth: number;
}

const LIMITS: CollectLimits = { maxFiles: MAX_PICKED_FILES, maxDepth: MAX_PICKED_DEPTH };

/** What a `DataTransferItem` offers here; `getAsFileSystemHandle` is in Chromium only, and in secure contexts. */
export interface DropItem {
  readonly kind: string;
  getAsFile(): File | null;
  webkitGetAsEntry?(): FileSystemEntry | null;
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null | undefined>;
}

interface Source {
  readonly handle: Promise<FileSystemHandle | null | undefined>;
  readonly entry: FileSystemEntry | null;
  readonly file: File | null;
}

/**
 * Every file of a drop, folders depth first, names in order. Must be called within the drop event: the items are
 * gone afterwards. Throws `TOO_LARGE` beyond the limits, `IO` for what cannot be read.
 */
export async function collectDropped(
  items: Iterable<DropItem>,
  limits: CollectLimits = LIMITS,
): Promise<PickedFile[]> {
  const sources = Array.from(items)
    .filter((item) => item.kind === 'file')
    .map(openItem);
  const collector = new Collector(limits);
  for (const source of sources) {
    const handle = await source.handle;
    // Chromium gives undefined, against the specification, for items that a script added.
    if (handle) await collector.addHandle(handle, '', 0);
    else if (source.entry !== null) await collector.addEntry(source.entry, '', 0);
    else if (source.file !== null) collector.add({ file: source.file, path: source.file.name });
  }
  return collector.files;
}

/** Files of an `<input type="file">`, with the paths that `webkitdirectory` gives. Throws `TOO_LARGE`. */
export function collectPicked(files: Iterable<File>, limits: CollectLimits = LIMITS): PickedFile[] {
  const collector = new Collector(limits);
  for (const file of files) {
    collector.add({ file, path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath });
  }
  return collector.files;
}

function openItem(item: DropItem): Source {
  // A handle that is refused (synthetic drops, policies) is no loss: the entry or the file serves as well.
  const handle = item.getAsFileSystemHandle?.().catch(() => null) ?? Promise.resolve(null);
  return { handle, entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() };
}

class Collector {
  readonly files: PickedFile[] = [];
  readonly #limits: CollectLimits;

  constructor(limits: CollectLimits) {
    this.#limits = limits;
  }

  add(picked: PickedFile): void {
    if (this.files.length >= this.#limits.maxFiles) throw tooMany(this.#limits.maxFiles);
    this.files.push(picked);
  }

  async addHandle(handle: FileSystemHandle, folder: string, depth: number): Promise<void> {
    const path = folder + handle.name;
    if (isFileHandle(handle)) {
      this.add({ file: await read(path, () => handle.getFile()), path, handle });
      return;
    }
    if (!isDirectoryHandle(handle)) return;
    this.#assertDepth(depth);
    const children = await read(path, () => listDirectory(handle));
    for (const child of byName(children)) await this.addHandle(child, `${path}/`, depth + 1);
  }

  async addEntry(entry: FileSystemEntry, folder: string, depth: number): Promise<void> {
    const path = folder + entry.name;
    if (isFileEntry(entry)) {
      this.add({
        file: await read(path, () => new Promise((resolve, reject) => entry.file(resolve, reject))),
        path,
      });
      return;
    }
    if (!isDirectoryEntry(entry)) return;
    this.#assertDepth(depth);
    const children = await read(path, () => readAllEntries(entry));
    for (const child of byName(children)) await this.addEntry(child, `${path}/`, depth + 1);
  }

  #assertDepth(depth: number): void {
    if (depth < this.#limits.maxDepth) return;
    throw new AppError('TOO_LARGE', `The folder is nested more than ${this.#limits.maxDepth} levels deep.`);
  }
}

export function tooMany(maxFiles: number): AppError {
  return new AppError('TOO_LARGE', `That is more than ${maxFiles.toLocaleString('en')} files at once.`);
}

async function read<T>(path: string, from: () => Promise<T>): Promise<T> {
  try {
    return await from();
  } catch (cause) {
    throw new AppError('IO', `${path} could not be read.`, { cause });
  }
}

async function listDirectory(directory: FileSystemDirectoryHandle): Promise<FileSystemHandle[]> {
  const children: FileSystemHandle[] = [];
  for await (const child of directory.values()) children.push(child);
  return children;
}

/** `readEntries` gives a page at a time (100 in Chromium) until an empty one. */
async function readAllEntries(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const page = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (page.length === 0) return all;
    all.push(...page);
  }
}

function byName<T extends { readonly name: string }>(children: readonly T[]): T[] {
  return children.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
}

const isFileHandle = (handle: FileSystemHandle): handle is FileSystemFileHandle => handle.kind === 'file';
const isDirectoryHandle = (handle: FileSystemHandle): handle is FileSystemDirectoryHandle =>
  handle.kind === 'directory';
const isFileEntry = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isDirectoryEntry = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
