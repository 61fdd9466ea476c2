/** The list of files that people see: what the vault's index has, and what is in this browser and not in the index yet. */
import { baseName, folderOf, foldersAbove, inFolder } from '../../../shared/format/file-path.ts';
import { parseManifestId } from '../../../shared/ids.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import { BLOCK_BYTES } from '../../../shared/limits.ts';
import { listFiles, listFolders, nodeAt, numbered } from '../../../shared/vault/index-tree.ts';
import type { FileNode, FolderNode } from '../../../shared/vault/index-tree.ts';
import { newestFirst } from '../local-stores.ts';
import type { LocalFile } from '../local-stores.ts';
import type { StoredFile } from '../stored-file.ts';

export interface Listing {
  /** Newest first. */
  readonly files: readonly StoredFile[];
  /** Paths of all folders, in their order. */
  readonly folders: readonly string[];
}

export interface WholeListing extends Listing {
  /** Of its files those that are not in the index yet. */
  readonly waiting: readonly StoredFile[];
}

/** `isGone`: whether the index had a file and has it no more. */
export function listingOf(
  local: readonly LocalFile[],
  root: FolderNode,
  isGone: (id: ManifestId) => boolean,
): WholeListing {
  const here = new Map(local.map((file) => [file.manifestId, file]));
  const listed = new Map<ManifestId, StoredFile>();
  for (const { path, node } of listFiles(root)) {
    const id = parseManifestId(node.file.manifest);
    // In the vault twice, it is one file all the same.
    if (listed.has(id)) continue;
    const file = here.get(id) ?? remoteFile(id, node);
    const byOtherDevice = !file.owned && node.file.foreign !== true;
    const origin = byOtherDevice ? { byOtherDevice: true as const } : {};
    listed.set(id, { ...file, ...origin, path, name: node.name });
  }
  const folders = new Set(listFolders(root));
  const taken = new Set<string>();
  const waiting: StoredFile[] = [];
  for (const file of waitingFiles(local, listed, isGone)) {
    const path = freePath(file.path, root, taken);
    taken.add(path);
    const shown = { ...file, path, name: baseName(path) };
    listed.set(file.manifestId, shown);
    waiting.push(shown);
    for (const folder of foldersAbove(path)) folders.add(folder);
  }
  return { files: [...listed.values()].sort(newestFirst), folders: [...folders].sort(), waiting };
}

/** Oldest first, so that those keep their names that had them first. */
function waitingFiles(
  local: readonly LocalFile[],
  listed: ReadonlyMap<ManifestId, StoredFile>,
  isGone: (id: ManifestId) => boolean,
): LocalFile[] {
  return local
    .filter(({ manifestId, indexed }) => !listed.has(manifestId) && !(indexed && isGone(manifestId)))
    .toReversed();
}

function freePath(path: string, root: FolderNode, taken: ReadonlySet<string>): string {
  let free = path;
  for (let number = 2; taken.has(free) || nodeAt(root, free) !== undefined; number++) {
    free = inFolder(folderOf(path), numbered(baseName(path), number));
  }
  return free;
}

function remoteFile(manifestId: ManifestId, { file }: FileNode): Omit<StoredFile, 'path' | 'name'> {
  const { size, type, created } = file;
  return {
    manifestId,
    ...{ type, sizeBytes: size, created },
    chunkCount: Math.ceil(size / BLOCK_BYTES),
    minReplicas: null,
    owned: false,
  };
}
