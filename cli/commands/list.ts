import { listFiles } from '../../shared/vault/index-tree.ts';
import type { VaultReading } from '../../shared/engine/vault-sync.ts';
import { openVault } from '../adapters/vault.ts';
import type { Output } from '../output.ts';
import { userDataFolder } from '../paths.ts';
import { formatBytes, printable } from '../text.ts';
import { chooseSwarm } from '../transfer/choose-swarm.ts';
import type { SwarmOptions } from '../transfer/choose-swarm.ts';
import { exchange, networkOf, withVaultIndex } from '../transfer/cli-vault-index.ts';
import { unreadWarning } from './vault.ts';

export interface ListOptions extends SwarmOptions {
  readonly links?: boolean;
}

/** Lists the vault's files: as this device knows them, or, with relays, as all of its devices do. */
export async function list(options: ListOptions, output: Output, signal: AbortSignal): Promise<void> {
  const dataFolder = userDataFolder();
  const vault = await openVault(dataFolder, output.warn);
  const isOnline = options.scan === true || (options.entryNode ?? []).length > 0;
  const network = isOnline ? await networkOf(await chooseSwarm(options, 'download', signal)) : null;
  await withVaultIndex({ vault, dataFolder }, signal, async (sync) => {
    const reading: VaultReading | null = network === null ? null : await exchange(sync, network, signal);
    const files = listFiles(sync.index.tree());
    output.result({
      files: files.map(({ path, node: { file } }) => ({
        path,
        size: file.size,
        type: file.type,
        created: file.created,
        manifest_id: file.manifest,
        ...(options.links === true ? { link: file.link } : {}),
      })),
      devices: reading?.devices ?? null,
      unread: reading?.unread ?? null,
      published: sync.isPublished,
    });
    for (const { path, node } of files) {
      const { manifest, created, size, link } = node.file;
      const line = `${manifest.slice(0, 12)}  ${created.slice(0, 10)}  ${formatBytes(size).padStart(9)}  ${printable(path)}`;
      output.say(options.links === true ? `${line}  ${link}` : line);
    }
    if (files.length === 0)
      output.say(
        network === null
          ? 'This device knows of no files in your vault. Add --scan to ask the relays.'
          : 'There are no files in your vault.',
      );
    if (reading !== null && reading.unread > 0) output.warn(unreadWarning(reading.unread));
  });
}
