/** Changes of the vault that name things by their paths: each is checked whole, then made. */
import { baseName, folderOf, inFolder } from '../../../shared/format/file-path.ts';
import { AppError } from '../../../shared/errors.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import { assertEntryName } from '../../../shared/vault/index-entry.ts';
import type { EntryId } from '../../../shared/vault/index-entry.ts';
import { nodeAt } from '../../../shared/vault/index-tree.ts';
import type { FolderNode, TreeNode } from '../../../shared/vault/index-tree.ts';
import type { VaultIndex } from '../../../shared/vault/vault-index.ts';
import type { WholeListing } from './vault-listing.ts';

/** What is in the vault now. */
export interface VaultContents {
  readonly root: FolderNode;
  readonly listing: WholeListing;
}

/** What is to be done in the index, and where files go that are not in it yet. */
export interface VaultChange {
  /** Null where the index stays as it is. */
  readonly edit: ((index: VaultIndex) => void) | null;
  readonly placed: readonly { readonly id: ManifestId; readonly path: string }[];
}

/** Throws `BAD_INPUT`. */
export function planFolder(contents: VaultContents, path: string): VaultChange {
  for (const part of path.split('/')) assertEntryName(part);
  assertFree(contents, path);
  return { edit: (index) => index.makeFolders(path), placed: [] };
}

/** Throws `NOT_FOUND`, `BAD_INPUT`. */
export function planRename(contents: VaultContents, path: string, newName: string): VaultChange {
  assertEntryName(newName);
  const target = inFolder(folderOf(path), newName);
  if (target !== path) assertFree(contents, target);
  return planMoves(contents, [{ from: path, to: target }]);
}

/** Throws `NOT_FOUND`, `BAD_INPUT`. */
export function planMove(
  contents: VaultContents,
  paths: readonly string[],
  targetFolder: string,
): VaultChange {
  if (targetFolder !== '') for (const part of targetFolder.split('/')) assertEntryName(part);
  for (const path of paths) {
    if (isAt(path, targetFolder) && !isFile(contents, path))
      throw new AppError('BAD_INPUT', 'A folder cannot be moved into itself.');
  }
  return planMoves(
    contents,
    paths.map((from) => ({ from, to: inFolder(targetFolder, baseName(from)) })),
  );
}

/** Throws `NOT_FOUND`. */
export function planRemoval(contents: VaultContents, path: string): VaultChange {
  assertThere(contents, path);
  const node = nodeAt(contents.root, path);
  const ids = node?.kind === 'folder' ? folderIds(node) : [];
  const edit = (index: VaultIndex): void => {
    for (const id of ids) index.remove(id);
  };
  return { edit: ids.length === 0 ? null : edit, placed: [] };
}

/** All into one folder. */
function planMoves(
  contents: VaultContents,
  moves: readonly { readonly from: string; readonly to: string }[],
): VaultChange {
  const nodes: { readonly node: TreeNode; readonly to: string }[] = [];
  const placed: { id: ManifestId; path: string }[] = [];
  for (const { from, to } of moves) {
    assertThere(contents, from);
    if (from === to) continue;
    const node = nodeAt(contents.root, from);
    if (node !== undefined) nodes.push({ node, to });
    for (const { manifestId, path } of contents.listing.waiting)
      if (isAt(from, path)) placed.push({ id: manifestId, path: to + path.slice(from.length) });
  }
  const edit = (index: VaultIndex): void => {
    const parent = index.makeFolders(folderOf(nodes[0]?.to ?? ''));
    for (const { node, to } of nodes) for (const id of idsOf(node)) index.move(id, parent, baseName(to));
  };
  return { edit: nodes.length === 0 ? null : edit, placed };
}

/** Whether `path` is `at`, or below it. */
function isAt(at: string, path: string): boolean {
  return path === at || path.startsWith(`${at}/`);
}

function isFile({ listing }: VaultContents, path: string): boolean {
  return listing.files.some((file) => file.path === path);
}

function isThere({ root, listing }: VaultContents, path: string): boolean {
  return nodeAt(root, path) !== undefined || listing.waiting.some((file) => isAt(path, file.path));
}

function assertThere(contents: VaultContents, path: string): void {
  if (!isThere(contents, path))
    throw new AppError('NOT_FOUND', 'This file or folder is not in your vault any more.');
}

function assertFree(contents: VaultContents, path: string): void {
  if (isThere(contents, path))
    throw new AppError('BAD_INPUT', 'There is a file or folder of this name already. Choose another.');
}

function idsOf(node: TreeNode): readonly EntryId[] {
  return node.kind === 'file' ? [node.id] : node.ids;
}

/** Of a folder and all in it. */
function folderIds(folder: FolderNode): EntryId[] {
  const ids: EntryId[] = [];
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    ids.push(...next.ids);
    for (const child of next.children.values()) if (child.kind === 'folder') waiting.push(child);
  }
  return ids;
}
