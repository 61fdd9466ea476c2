/** Folders of the vault's list. Changes are durable here at once; other devices see them when this one has talked to relays. */
import { AppError } from '../../shared/errors.ts';
import type { VaultSync } from '../../shared/engine/vault-sync.ts';
import { listFiles, nodeAt as nodeBelow } from '../../shared/vault/index-tree.ts';
import type { FolderNode, TreeNode } from '../../shared/vault/index-tree.ts';
import { openVault } from '../adapters/vault.ts';
import { confirm } from '../confirm.ts';
import { parseManifestId } from '../../shared/ids.ts';
import { safeName } from '../../shared/safe-name.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { ExitStatus } from '../exit-codes.ts';
import { reportError } from '../output.ts';
import type { Output } from '../output.ts';
import { userDataFolder } from '../paths.ts';
import { plural } from '../text.ts';
import { chooseSwarm, namesRelays } from '../transfer/choose-swarm.ts';
import type { ChosenSwarm, SwarmOptions } from '../transfer/choose-swarm.ts';
import { exchange, networkOf, withVaultIndex } from '../transfer/cli-vault-index.ts';
import { vaultPath } from '../transfer/named-file.ts';
import { deleteNamed } from './delete.ts';

export type FolderOptions = SwarmOptions;

export interface RemoveOptions extends SwarmOptions {
  readonly recursive?: boolean;
  readonly listOnly?: boolean;
  readonly yes?: boolean;
}

/** Makes a folder, and those above it. */
export async function makeFolders(
  path: string,
  options: FolderOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  await change(await relaysOf(options, signal), output, signal, async (sync) => {
    const parts = partsOf(path);
    const there = nodeAt(sync.index.tree(), path);
    if (there?.kind === 'folder') return;
    const inTheWay = parts.find(
      (_, i) => nodeAt(sync.index.tree(), parts.slice(0, i + 1).join('/'))?.kind === 'file',
    );
    if (inTheWay !== undefined) throw new AppError('CONFLICT', `${safeName(inTheWay)} is a file.`);
    await sync.edit((index) => index.makeFolders(path));
  });
  output.result({ path: partsOf(path).join('/') });
  output.say(`Made ${safeName(path)}.`);
}

/** Renames, moves or both; into `to` where that is a folder. */
export async function move(
  from: string,
  to: string,
  options: FolderOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const chosen = await relaysOf(options, signal);
  const target = await change(chosen, output, signal, async (sync) => {
    const root = sync.index.tree();
    const node = existing(root, from);
    const there = nodeAt(root, to);
    const parts = there?.kind === 'folder' ? [...partsOf(to, 'may be empty'), node.name] : partsOf(to);
    const path = parts.join('/');
    if (nodeAt(root, path) !== undefined)
      throw new AppError('CONFLICT', `${safeName(path)} is there already.`);
    const parent = nodeAt(root, parts.slice(0, -1).join('/'));
    if (parent?.kind !== 'folder')
      throw new AppError(
        'NOT_FOUND',
        `There is no folder for ${safeName(path)}: make it with "lanvault mkdir".`,
      );
    const name = parts.at(-1) ?? '';
    await sync.edit((index) => {
      for (const id of idsOf(node)) index.move(id, parent.ids[0] ?? null, name);
    });
    return path;
  });
  output.result({ from, to: target });
  output.say(`Moved ${safeName(from)} to ${safeName(target)}.`);
}

/** Deletes a file for everybody, or a folder with all that is in it; with `listOnly` they only leave the list. Asks first. */
export async function remove(
  path: string,
  options: RemoveOptions,
  output: Output,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const { recursive = false, listOnly = false, yes = false } = options;
  if (!listOnly && !namesRelays(options))
    throw new AppError(
      'BAD_INPUT',
      'The files of your vault lie on relays: add --scan or --entry-node URL, or --list-only to leave them there.',
    );
  const chosen = await relaysOf(options, signal);
  const files = await change(chosen, output, signal, (sync) => {
    const node = existing(sync.index.tree(), path);
    if (node.kind === 'file') return Promise.resolve([{ path, manifest: node.file.manifest }]);
    const inside = listFiles(node).map((each) => ({
      path: `${path}/${each.path}`,
      manifest: each.node.file.manifest,
    }));
    if (inside.length > 0 && !recursive)
      throw new AppError('BAD_INPUT', `${safeName(path)} is a folder with files in it: add -r.`);
    return Promise.resolve(inside);
  });
  const what =
    files.length === 1
      ? safeName(files[0]?.path ?? path)
      : `${plural(files.length, 'file')} of ${safeName(path)}`;
  const question = listOnly ? `Take ${what} off your vault’s list?` : `Delete ${what} for everybody?`;
  if (files.length > 0 && !yes && !(await confirm(question, output, signal))) {
    output.say('Nothing was deleted.');
    return EXIT_CODES.ok.status;
  }
  let status: ExitStatus = EXIT_CODES.ok.status;
  if (chosen !== null && !listOnly) {
    for (const { path: name, manifest } of files) {
      try {
        const named = { id: parseManifestId(manifest), key: null, name, granted: null };
        const ended = await deleteNamed(named, { chosen, yes: true }, output, signal);
        if (status === EXIT_CODES.ok.status) status = ended;
      } catch (cause) {
        const failure = reportError(cause, output.json, safeName(name));
        if (status === EXIT_CODES.ok.status) status = failure;
        if (signal.aborted) return failure;
      }
    }
    if (status !== EXIT_CODES.ok.status) return status;
  }
  await change(chosen, output, signal, async (sync) => {
    const node = nodeAt(sync.index.tree(), path);
    if (node !== undefined) await sync.edit((index) => removeAll(node, (id) => index.remove(id)));
  });
  if (listOnly || files.length === 0) {
    output.result({ path, removed: files.length });
    output.say(`${safeName(path)} is off your vault’s list.`);
  }
  return status;
}

/** Null where the options name none: the change waits on this device then. */
async function relaysOf(options: FolderOptions, signal: AbortSignal): Promise<ChosenSwarm | null> {
  return namesRelays(options) ? chooseSwarm(options, 'download', signal) : null;
}

/** Runs `work` on the list as it is now, and publishes what it has changed where relays were named. */
async function change<T>(
  chosen: ChosenSwarm | null,
  output: Output,
  signal: AbortSignal,
  work: (sync: VaultSync) => Promise<T>,
): Promise<T> {
  const dataFolder = userDataFolder();
  const vault = await openVault(dataFolder, output.warn);
  const network = chosen === null ? null : await networkOf(chosen);
  return withVaultIndex({ vault, dataFolder }, signal, async (sync) => {
    if (network !== null) await exchange(sync, network, signal);
    const result = await work(sync);
    if (network !== null && !sync.isPublished) await sync.publish(network, signal);
    return result;
  });
}

function nodeAt(root: FolderNode, path: string): TreeNode | undefined {
  const parts = vaultPath(path);
  return parts === '' ? root : nodeBelow(root, parts);
}

function existing(root: FolderNode, path: string): TreeNode {
  const node = nodeAt(root, partsOf(path).join('/'));
  if (node === undefined) throw new AppError('NOT_FOUND', `Your vault has no ${safeName(path)}.`);
  return node;
}

function partsOf(path: string, top?: 'may be empty'): string[] {
  const parts = vaultPath(path)
    .split('/')
    .filter((part) => part !== '');
  if (parts.length === 0 && top === undefined)
    throw new AppError('BAD_INPUT', 'Name a file or folder of your vault.');
  return parts;
}

function idsOf(node: TreeNode): readonly string[] {
  return node.kind === 'file' ? [node.id] : node.ids;
}

/** What is inside goes first. */
function removeAll(node: TreeNode, removeOne: (id: string) => void): void {
  if (node.kind === 'folder') for (const child of node.children.values()) removeAll(child, removeOne);
  for (const id of idsOf(node)) removeOne(id);
}
