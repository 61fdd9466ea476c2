import { basename } from 'node:path';
import { deriveDeleteKey } from '../../shared/crypto/kdf.ts';
import { OwnedChunks } from '../../shared/engine/owned-chunks.ts';
import { ownerRightsOf } from '../../shared/engine/owner-rights.ts';
import { AppError } from '../../shared/errors.ts';
import type { DeletionRights } from '../../shared/format/deletion-rights.ts';
import { computeManifestId, serializeManifest, toFilename } from '../../shared/format/manifest.ts';
import type { PackedManifest } from '../../shared/format/manifest.ts';
import { safeName } from '../../shared/safe-name.ts';
import { streamOutput } from '../adapters/file-output.ts';
import { JournalArchive } from '../adapters/journal-archive.ts';
import { readManifestFile, writeManifestFile } from '../adapters/manifest-file.ts';
import { openVault } from '../adapters/vault.ts';
import type { Output } from '../output.ts';
import { resolveUserPath, userDataFolder } from '../paths.ts';
import { chooseSwarm } from '../transfer/choose-swarm.ts';
import type { ChosenSwarm, SwarmOptions } from '../transfer/choose-swarm.ts';
import { CliVaultIndex } from '../transfer/cli-vault-index.ts';
import { linkChunksOf } from '../transfer/link-chunks.ts';
import { isLink, openLink } from '../transfer/open-link.ts';
import { assertOutputIsFree } from './reconstruct.ts';

export interface ExportOptions extends SwarmOptions {
  readonly owner?: boolean;
}

/** `given`: a manifest or a link. `target` null: `NAME.manifest`, or `NAME.owner.manifest`, here; `-`: stdout. */
export async function exportManifest(
  given: string,
  target: string | null,
  options: ExportOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  if (target !== null) assertOutputIsFree(target, output);
  const fromFile = isLink(given)
    ? null
    : await readManifestFile(given === '-' ? '-' : resolveUserPath(given));
  const owner = options.owner === true;
  const chosen = fromFile === null || owner ? await chooseSwarm(options, 'download', signal) : null;
  const manifest = fromFile ?? (chosen === null ? null : await openLink(given, chosen.swarm, signal));
  if (manifest === null) throw new TypeError('A link is opened through a swarm.');
  const rights =
    owner && chosen !== null
      ? (manifest.rights ?? (await ownRights(manifest, chosen, output, signal)))
      : null;

  const { filename } = manifest.header;
  const name = basename(toFilename(filename));
  const path = target ?? `${name}${owner ? '.owner' : ''}.manifest`;
  if (path === '-') {
    const stdout = streamOutput(process.stdout, signal);
    for await (const part of serializeManifest(manifest, rights)) await stdout.write(part);
  } else await writeManifestFile(resolveUserPath(path), manifest, rights);
  const may = owner ? 'read the file, and delete it for everybody' : 'read the file';
  output.warn(`Whoever has this manifest can ${may}: keep it as you keep a key.`);
  if (path !== '-') output.say(`Exported ${safeName(filename)} to ${safeName(path)}.`);
  output.result({ manifest_id: await computeManifestId(manifest), name: filename, file: path, owner });
}

/** Throws `FORBIDDEN` for a file that this device has not uploaded. */
async function ownRights(
  manifest: PackedManifest,
  chosen: ChosenSwarm,
  output: Output,
  signal: AbortSignal,
): Promise<DeletionRights> {
  const dataFolder = userDataFolder();
  const vault = await openVault(dataFolder, output.warn);
  const archive = new JournalArchive(dataFolder, chosen.target);
  const id = await computeManifestId(manifest);
  const uploadId = await archive.uploadOf({ id, key: manifest.header.key });
  if (uploadId === null)
    throw new AppError(
      'FORBIDDEN',
      'This device has not uploaded that file, so it cannot let others delete it. Export it where it was uploaded.',
    );
  const vaultIndex = CliVaultIndex.of({ chosen, vault, dataFolder, output });
  const { chunks: linkChunks } = await linkChunksOf(id, { dataFolder, vaultIndex }, signal);
  const journal = await archive.open(uploadId);
  try {
    const owned = await OwnedChunks.replay(journal.header.sizeBytes, journal.entries());
    const deleteKeys = [await deriveDeleteKey(vault.secret, vault.deviceId)];
    return await ownerRightsOf({ rows: manifest.rows, owned, deleteKeys, linkChunks });
  } finally {
    await journal.close();
  }
}
