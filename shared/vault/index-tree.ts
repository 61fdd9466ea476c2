/**
 * What a person sees of a vault's index: a tree, the same on every device that knows the same entries. Whatever devices did
 * to it at the same time, each file that is not deleted is in it exactly once: folders of one name in one place are shown as
 * one, files of one name get numbers, what was moved into itself from two sides comes to the top, and a deleted folder
 * stays while something in it was not deleted.
 */
import { compareStamps, compareText } from './index-entry.ts';
import type { EntryId, FileContent, IndexEntry } from './index-entry.ts';

export interface FileNode {
  readonly kind: 'file';
  readonly id: EntryId;
  /** Different from all others in its folder. */
  readonly name: string;
  readonly file: FileContent;
}

export interface FolderNode {
  readonly kind: 'folder';
  /** Of all folders that are shown as this one, the least first; none for the top. */
  readonly ids: readonly EntryId[];
  readonly name: string;
  readonly children: ReadonlyMap<string, TreeNode>;
}

export type TreeNode = FileNode | FolderNode;

interface Growing extends FolderNode {
  readonly children: Map<string, TreeNode>;
}

export function buildTree(entries: ReadonlyMap<EntryId, IndexEntry>): FolderNode {
  const parents = parentsOf(entries);
  const children = shownChildren(entries, parents);
  const root: Growing = { kind: 'folder', ids: [], name: '', children: new Map() };
  const waiting: Growing[] = [root];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const ids = folder === root ? [null] : folder.ids;
    const inside = ids.flatMap((id) => children.get(id) ?? []);
    for (const added of addFolders(folder, inside)) waiting.push(added);
    addFiles(folder, inside);
  }
  return root;
}

/** All files with their paths, in the order of these. */
export function listFiles(root: FolderNode): { readonly path: string; readonly node: FileNode }[] {
  const found: { path: string; node: FileNode }[] = [];
  const waiting = [{ folder: root, prefix: '' }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const node of next.folder.children.values()) {
      const path = next.prefix + node.name;
      if (node.kind === 'file') found.push({ path, node });
      else waiting.push({ folder: node, prefix: `${path}/` });
    }
  }
  return found.sort((a, b) => compareText(a.path, b.path));
}

/** Paths of all folders, in their order. */
export function listFolders(root: FolderNode): string[] {
  const found: string[] = [];
  const waiting = [{ folder: root, prefix: '' }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const node of next.folder.children.values()) {
      if (node.kind !== 'folder') continue;
      const path = next.prefix + node.name;
      found.push(path);
      waiting.push({ folder: node, prefix: `${path}/` });
    }
  }
  return found.sort(compareText);
}

/** What a path leads to; undefined for nothing, and for the top. */
export function nodeAt(root: FolderNode, path: string): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  for (const name of path.split('/')) node = node?.kind === 'folder' ? node.children.get(name) : undefined;
  return node;
}

/** How far a path leads through folders, and the names that are left. */
export function folderAt(
  root: FolderNode,
  path: readonly string[],
): { readonly found: EntryId | null; readonly missing: readonly string[] } {
  let folder = root;
  for (const [depth, name] of path.entries()) {
    const next = folder.children.get(name);
    if (next?.kind !== 'folder') return { found: folder.ids[0] ?? null, missing: path.slice(depth) };
    folder = next;
  }
  return { found: folder.ids[0] ?? null, missing: [] };
}

/** Parents as they are shown: one that is not known is the top, and of each circle the entry that was moved last is there. */
function parentsOf(entries: ReadonlyMap<EntryId, IndexEntry>): ReadonlyMap<EntryId, EntryId | null> {
  const parents = new Map<EntryId, EntryId | null>();
  for (const { id, place } of entries.values()) {
    const parent = place.parent === null ? undefined : entries.get(place.parent);
    parents.set(id, parent?.kind === 'folder' ? parent.id : null);
  }
  const done = new Set<EntryId>();
  for (const start of entries.keys()) {
    const path = new Set<EntryId>();
    let at: EntryId | null = start;
    while (at !== null && !done.has(at) && !path.has(at)) {
      path.add(at);
      at = parents.get(at) ?? null;
    }
    if (at !== null && path.has(at)) parents.set(lastMoved(circleFrom(at, parents), entries), null);
    for (const id of path) done.add(id);
  }
  return parents;
}

function circleFrom(start: EntryId, parents: ReadonlyMap<EntryId, EntryId | null>): EntryId[] {
  const circle = [start];
  for (let at = parents.get(start) ?? null; at !== null && at !== start; at = parents.get(at) ?? null)
    circle.push(at);
  return circle;
}

function lastMoved(ids: readonly EntryId[], entries: ReadonlyMap<EntryId, IndexEntry>): EntryId {
  const moved = ids.flatMap((id) => entries.get(id) ?? []).sort(byAge);
  return moved.at(-1)?.id ?? '';
}

/** By parent: what is not deleted, and the folders above it. */
function shownChildren(
  entries: ReadonlyMap<EntryId, IndexEntry>,
  parents: ReadonlyMap<EntryId, EntryId | null>,
): ReadonlyMap<EntryId | null, readonly IndexEntry[]> {
  const shown = new Set<EntryId>();
  const children = new Map<EntryId | null, IndexEntry[]>();
  for (const { id, deleted, kind } of entries.values()) {
    if (deleted !== undefined || (kind !== 'file' && kind !== 'folder')) continue;
    for (let at: EntryId | null = id; at !== null && !shown.has(at); at = parents.get(at) ?? null) {
      shown.add(at);
      const entry = entries.get(at);
      const parent = parents.get(at) ?? null;
      const siblings = children.get(parent) ?? [];
      if (entry !== undefined) siblings.push(entry);
      children.set(parent, siblings);
    }
  }
  return children;
}

function addFolders(into: Growing, inside: readonly IndexEntry[]): Growing[] {
  const ids = new Map<string, EntryId[]>();
  for (const { id, kind, place } of inside) {
    if (kind !== 'folder') continue;
    const same = ids.get(place.name);
    if (same === undefined) ids.set(place.name, [id]);
    else same.push(id);
  }
  const added: Growing[] = [];
  for (const [name, same] of [...ids].sort(([a], [b]) => compareText(a, b))) {
    const folder: Growing = { kind: 'folder', ids: same.sort(compareText), name, children: new Map() };
    into.children.set(name, folder);
    added.push(folder);
  }
  return added;
}

/** The first of a name keeps it, unless a folder has it; the others get the next number that is free. */
function addFiles(into: Growing, inside: readonly IndexEntry[]): void {
  const files = inside.filter(({ kind }) => kind === 'file').sort(byAge);
  const later: IndexEntry[] = [];
  for (const entry of files) {
    if (into.children.has(entry.place.name)) later.push(entry);
    else addFile(into, entry, entry.place.name);
  }
  const numbers = new Map<string, number>();
  for (const entry of later) {
    const { name } = entry.place;
    let number = numbers.get(name) ?? 2;
    while (into.children.has(numbered(name, number))) number++;
    addFile(into, entry, numbered(name, number));
    numbers.set(name, number + 1);
  }
}

function addFile(into: Growing, { id, file }: IndexEntry, name: string): void {
  if (file !== undefined) into.children.set(name, { kind: 'file', id, name, file });
}

/** `a.txt` → `a (2).txt`. */
export function numbered(name: string, number: number): string {
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  return `${stem} (${number})${name.slice(stem.length)}`;
}

function byAge(a: IndexEntry, b: IndexEntry): number {
  return compareStamps(a.place.at, b.place.at) || compareText(a.id, b.id);
}
