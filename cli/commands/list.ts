import { AppError } from '../../shared/errors.ts';
import { listFiles, listFolders, nodeAt } from '../../shared/vault/index-tree.ts';
import type { FileNode, FolderNode } from '../../shared/vault/index-tree.ts';
import type { VaultReading } from '../../shared/engine/vault-sync.ts';
import { safeName } from '../../shared/safe-name.ts';
import { openVault } from '../adapters/vault.ts';
import type { Output } from '../output.ts';
import { userDataFolder } from '../paths.ts';
import { formatBytes } from '../text.ts';
import { vaultPath } from '../transfer/named-file.ts';
import { chooseSwarm, namesRelays } from '../transfer/choose-swarm.ts';
import type { SwarmOptions } from '../transfer/choose-swarm.ts';
import { exchange, networkOf, withVaultIndex } from '../transfer/cli-vault-index.ts';
import { unreadWarning } from './vault.ts';

export interface ListOptions extends SwarmOptions {
  readonly links?: boolean;
}

/** Where paths begin in a line of the list. */
const EMPTY_INDENT = 12 + 2 + 10 + 2 + 9 + 2;

/** Lists the vault's files, or those in one folder: as this device knows them, or, with relays, as all of its devices do. */
export async function list(
  given: string | undefined,
  options: ListOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const dataFolder = userDataFolder();
  const vault = await openVault(dataFolder, output.warn);
  const isOnline = namesRelays(options);
  const network = isOnline ? await networkOf(await chooseSwarm(options, 'download', signal)) : null;
  await withVaultIndex({ vault, dataFolder }, signal, async (sync) => {
    const reading: VaultReading | null = network === null ? null : await exchange(sync, network, signal);
    const { files, emptyFolders } = contentOf(sync.index.tree(), given ?? '');
    output.result({
      files: files.map(({ path, node: { file } }) => ({
        path,
        size: file.size,
        type: file.type,
        created: file.created,
        manifest_id: file.manifest,
        ...(options.links === true ? { link: file.link } : {}),
      })),
      empty_folders: emptyFolders,
      devices: reading?.devices ?? null,
      unread: reading?.unread ?? null,
      published: sync.isPublished,
    });
    for (const { path, node } of files) {
      const { manifest, created, size, link } = node.file;
      const line = `${manifest.slice(0, 12)}  ${created.slice(0, 10)}  ${formatBytes(size).padStart(9)}  ${safeName(path)}`;
      output.say(options.links === true ? `${line}  ${link}` : line);
    }
    for (const path of emptyFolders) output.say(`${' '.repeat(EMPTY_INDENT)}${safeName(path)}/`);
    if (files.length + emptyFolders.length === 0)
      output.say(
        network === null
          ? 'This device knows of no files in your vault. Add --scan to ask the relays.'
          : 'There are no files in your vault.',
      );
    if (reading !== null && reading.unread > 0) output.warn(unreadWarning(reading.unread));
  });
}

/** What is at the path, or below it. Throws `NOT_FOUND`. */
function contentOf(
  root: FolderNode,
  given: string,
): { files: { path: string; node: FileNode }[]; emptyFolders: string[] } {
  const path = vaultPath(given);
  const node = path === '' ? root : nodeAt(root, path);
  if (node === undefined) throw new AppError('NOT_FOUND', `Your vault has no ${safeName(given)}.`);
  if (node.kind === 'file') return { files: [{ path, node }], emptyFolders: [] };
  const prefix = path === '' ? '' : `${path}/`;
  const files = listFiles(node).map((file) => ({ ...file, path: prefix + file.path }));
  return { files, emptyFolders: emptyFolders(node).map((name) => prefix + name) };
}

function emptyFolders(root: FolderNode): string[] {
  return listFolders(root).filter((path) => {
    const folder = nodeAt(root, path);
    return folder?.kind === 'folder' && folder.children.size === 0;
  });
}
