/** Files and folders as the list shows them: paths with `/` between names, `''` for the top. */
import { baseName, folderOf, foldersAbove } from '../../shared/format/file-path.ts';
import type { StoredFile } from './engine-types.ts';

export interface FileEntry {
  readonly kind: 'file';
  /** Tells it from all other entries. */
  readonly key: string;
  readonly path: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** ISO 8601. */
  readonly created: string;
  readonly file: StoredFile;
}

export interface FolderEntry {
  readonly kind: 'folder';
  readonly key: string;
  readonly path: string;
  readonly name: string;
  /** In it and in the folders within. */
  readonly fileCount: number;
  readonly sizeBytes: number;
  /** Of its newest file; null where it has none. */
  readonly created: string | null;
}

export type Entry = FileEntry | FolderEntry;

/** Whether a path is somewhere in a folder, which is not in itself. */
export function isWithin(path: string, folder: string): boolean {
  return folder === '' ? path !== '' : path.startsWith(`${folder}/`);
}

/** The folder and those around it, outermost first, the top left out. */
export function trail(folder: string): string[] {
  if (folder === '') return [];
  const names = folder.split('/');
  return names.map((_, index) => names.slice(0, index + 1).join('/'));
}

export function fileEntry(file: StoredFile): FileEntry {
  const { path, sizeBytes, created, manifestId } = file;
  return {
    kind: 'file',
    key: `file ${manifestId} ${path}`,
    path,
    name: baseName(path),
    sizeBytes,
    created,
    file,
  };
}

/** What is in a folder: its files, and the folders right in it with what they hold. */
export function contentOf(
  folder: string,
  files: readonly StoredFile[],
  folders: readonly string[],
): { readonly folders: readonly FolderEntry[]; readonly files: readonly FileEntry[] } {
  const prefix = folder === '' ? '' : `${folder}/`;
  const inside = new Map<string, Sum>();
  const sumOf = (rest: string, slash: number): Sum => {
    const name = rest.slice(0, slash);
    const sum = inside.get(name) ?? { fileCount: 0, sizeBytes: 0, created: null };
    inside.set(name, sum);
    return sum;
  };
  for (const path of folders) {
    if (!isWithin(path, folder)) continue;
    const rest = path.slice(prefix.length);
    const slash = rest.indexOf('/');
    sumOf(rest, slash === -1 ? rest.length : slash);
  }
  const direct: FileEntry[] = [];
  for (const file of files) {
    if (!file.path.startsWith(prefix)) continue;
    const rest = file.path.slice(prefix.length);
    const slash = rest.indexOf('/');
    if (slash === -1) direct.push(fileEntry(file));
    else add(sumOf(rest, slash), file);
  }
  const entries = Array.from(inside, ([name, sum]) => folderEntry(prefix + name, sum));
  return { folders: entries, files: direct };
}

/** The files among the entries and in the folders among them, each once. */
export function filesWithin(entries: readonly Entry[], files: readonly StoredFile[]): StoredFile[] {
  const folders = entries.filter(({ kind }) => kind === 'folder');
  // By id: each change of the list makes all of its files anew.
  const chosen = new Set(entries.flatMap((entry) => (entry.kind === 'file' ? [entry.file.manifestId] : [])));
  return files.filter(
    (file) => chosen.has(file.manifestId) || folders.some(({ path }) => isWithin(file.path, path)),
  );
}

/** Every folder there is, those that only files' paths name included, in order. */
export function allFolders(files: readonly StoredFile[], folders: readonly string[]): string[] {
  const all = new Set<string>();
  for (const path of [...folders, ...files.map((file) => folderOf(file.path))]) {
    // From the inside out, up to the first that is known with all around it.
    for (let folder = path; folder !== '' && !all.has(folder); folder = folderOf(folder)) all.add(folder);
  }
  return [...all].sort(comparePaths);
}

/** Files and folders anywhere whose path holds every word of the query, in any case. */
export function search(query: string, files: readonly StoredFile[], folders: readonly string[]): Entry[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const matches = (path: string): boolean => {
    const text = path.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  };
  const found = new Map<string, Sum>();
  // A folder that matches by its own name: what is in a folder that matches is found by its path anyway.
  for (const path of allFolders(files, folders)) {
    const name = baseName(path).toLocaleLowerCase();
    if (matches(path) && words.some((word) => name.includes(word)))
      found.set(path, { fileCount: 0, sizeBytes: 0, created: null });
  }
  for (const file of files) {
    for (const folder of foldersAbove(file.path)) {
      const sum = found.get(folder);
      if (sum !== undefined) add(sum, file);
    }
  }
  return [
    ...Array.from(found, ([path, sum]) => folderEntry(path, sum)),
    ...files.filter((file) => matches(file.path)).map(fileEntry),
  ];
}

interface Sum {
  fileCount: number;
  sizeBytes: number;
  created: string | null;
}

function add(sum: Sum, { sizeBytes, created }: StoredFile): void {
  sum.fileCount++;
  sum.sizeBytes += sizeBytes;
  if (sum.created === null || Date.parse(created) > Date.parse(sum.created)) sum.created = created;
}

function folderEntry(path: string, sum: Sum): FolderEntry {
  return { kind: 'folder', key: `folder ${path}`, path, name: baseName(path), ...sum };
}

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Parts by parts, so that a folder's own come right after it. */
function comparePaths(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = names.compare(left[index] ?? '', right[index] ?? '');
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
