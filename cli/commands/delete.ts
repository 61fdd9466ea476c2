import { deriveDeleteKey } from '../../shared/crypto/kdf.ts';
import { deleteUpload } from '../../shared/engine/delete.ts';
import type { DeleteResult } from '../../shared/engine/delete.ts';
import { grantedHeader, grantedJournal } from '../../shared/engine/owner-rights.ts';
import type { Journal } from '../../shared/engine/ports.ts';
import { AppError } from '../../shared/errors.ts';
import type { DeletionRights } from '../../shared/format/deletion-rights.ts';
import { computeManifestId } from '../../shared/format/manifest.ts';
import type { ParsedManifest } from '../../shared/format/manifest.ts';
import type { ManifestHeader } from '../../shared/format/manifest-types.ts';
import { isId, parseManifestId } from '../../shared/ids.ts';
import { safeName } from '../../shared/safe-name.ts';
import { statOrNull } from '../adapters/atomic-file.ts';
import { JournalArchive } from '../adapters/journal-archive.ts';
import type { OwnedManifest } from '../adapters/journal-archive.ts';
import { readManifestFile } from '../adapters/manifest-file.ts';
import { openVault } from '../adapters/vault.ts';
import { confirm } from '../confirm.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { ExitStatus } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { resolveUserPath, userDataFolder } from '../paths.ts';
import { plural } from '../text.ts';
import { chooseSwarm } from '../transfer/choose-swarm.ts';
import type { ChosenSwarm, SwarmOptions } from '../transfer/choose-swarm.ts';
import { CliVaultIndex } from '../transfer/cli-vault-index.ts';
import { deleteOneUpload, pendingLines, relayRows } from '../transfer/delete-upload.ts';
import { linkChunksOf } from '../transfer/link-chunks.ts';
import { isLink, openLink } from '../transfer/open-link.ts';
import { createProgress } from '../transfer/progress.ts';

export interface DeleteOptions extends SwarmOptions {
  readonly yes?: boolean;
}

/** `name`: what people call the file. */
export interface NamedManifest extends OwnedManifest {
  readonly name: string;
  /** What an owner's manifest or link gives; null where the right comes from this device. */
  readonly granted: { readonly header: ManifestHeader; readonly rights: DeletionRights } | null;
}

/** Deletes the file of a manifest or link, or of a manifest id, for everybody. Absent holders are *pending*: no failure. */
export async function deleteFile(
  given: string,
  options: DeleteOptions,
  output: Output,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const fromFile = isLink(given) ? null : await manifestOf(given);
  const chosen = await chooseSwarm(options, 'download', signal);
  const manifest = fromFile ?? (await named(await openLink(given, chosen.swarm, signal)));
  return deleteNamed(manifest, { chosen, yes: options.yes === true }, output, signal);
}

/** Deletes the file of a manifest that is known already. */
export async function deleteNamed(
  manifest: NamedManifest,
  { chosen, yes }: { readonly chosen: ChosenSwarm; readonly yes: boolean },
  output: Output,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const dataFolder = userDataFolder();
  const vault = await openVault(dataFolder, output.warn);
  const vaultIndex = CliVaultIndex.of({ chosen, vault, dataFolder, output });
  const archive = new JournalArchive(dataFolder, chosen.target);
  const uploadId = await archive.uploadOf(manifest);
  if (uploadId === null && manifest.granted === null) {
    if (!(await archive.wasDeleted(manifest.id))) throw notOurs();
    await vaultIndex?.removeFile(manifest.id, signal);
    output.say(`${safeName(manifest.name)} has been deleted already.`);
    output.result({
      manifest_id: manifest.id,
      already: true,
      chunks: 0,
      confirmed: [],
      pending: [],
      failed: 0,
      foreign: 0,
    });
    return EXIT_CODES.ok.status;
  }
  const question = `Delete ${safeName(manifest.name)} for everybody who has its manifest?`;
  if (!yes && !(await confirm(question, output, signal))) {
    output.say('Nothing was deleted.');
    return EXIT_CODES.ok.status;
  }
  const deleteKey = await deriveDeleteKey(vault.secret, vault.deviceId);
  const { publications, chunks } = await linkChunksOf(manifest.id, { dataFolder, vaultIndex }, signal);
  const result = await withProgress(manifest.name, output, (onProgress) => {
    const common = { manifestId: manifest.id, linkChunks: chunks, onProgress };
    if (uploadId !== null) return deleteOneUpload(uploadId, { chosen, archive, deleteKey }, common, signal);
    const journal = journalOf(manifest);
    return deleteUpload({ journal, swarm: chosen.swarm, deleteKey, ...common }, signal);
  });
  report(manifest, result, chosen, output);
  await vaultIndex?.removeFile(manifest.id, signal);
  if (publications.some(({ state }) => state !== 'unpublished'))
    output.warn(
      'It still stands in the public catalog, where nobody can open it: run "lanvault catalog unpublish".',
    );
  return result.failed > 0 ? EXIT_CODES.relays.status : EXIT_CODES.ok.status;
}

/** A file that is called like an id is a file. */
async function manifestOf(given: string): Promise<NamedManifest> {
  const path = given === '-' ? '-' : resolveUserPath(given);
  if (isId(given) && (await statOrNull(path)) === null)
    return { id: parseManifestId(given), key: null, name: `the file of manifest ${given}`, granted: null };
  return named(await readManifestFile(path));
}

async function named(manifest: ParsedManifest): Promise<NamedManifest> {
  const { header, rights } = manifest;
  const granted = rights === null ? null : { header, rights };
  return { id: await computeManifestId(manifest), key: header.key, name: header.filename, granted };
}

/** Of a file that others have uploaded: for this run only, since its rights can be used again. */
function journalOf({ id, granted }: NamedManifest): Journal {
  if (granted === null) throw notOurs();
  return grantedJournal(grantedHeader(`granted-${id}`, granted), id, granted.rights);
}

async function withProgress<T>(
  label: string,
  output: Output,
  work: (onProgress: (progress: { chunksDone: number; chunkCount: number }) => void) => Promise<T>,
): Promise<T> {
  let progress: ReturnType<typeof createProgress> | undefined;
  try {
    return await work(({ chunksDone, chunkCount }) => {
      const visible = !output.json && process.stderr.isTTY;
      progress ??= createProgress({ label, totalBytes: chunkCount, visible, unit: 'chunks' });
      progress.update(chunksDone);
    });
  } finally {
    progress?.stop();
  }
}

function report(manifest: NamedManifest, result: DeleteResult, chosen: ChosenSwarm, output: Output): void {
  const { chunkCount, confirmed, pending, failed, foreign } = result;
  output.result({
    manifest_id: manifest.id,
    already: false,
    chunks: chunkCount,
    confirmed: relayRows(confirmed),
    pending: relayRows(pending),
    failed,
    foreign,
  });
  const relays = plural(confirmed.size, chosen.memberWord);
  output.say(`Deleted ${safeName(manifest.name)}: ${plural(chunkCount, 'chunk')}, confirmed by ${relays}.`);
  if (pending.size > 0) {
    for (const line of pendingLines(pending, chosen)) output.say(line);
    output.say(
      `  Absent ${chosen.memberWord}s delete when they come back. Run delete or prune again to have that confirmed.`,
    );
  }
  if (failed > 0)
    output.warn(
      `The deletion of ${plural(failed, 'chunk')} was taken by nobody. Run the same command again.`,
    );
  if (foreign > 0)
    output.warn(
      `${plural(foreign, 'chunk')} of it were made with another vault, and only that one can delete them.`,
    );
}

function notOurs(): AppError {
  return new AppError(
    'FORBIDDEN',
    'This device has not uploaded that file. A reader’s manifest or link gives the right to read, never to delete: ' +
      'delete it where it was uploaded, or with the owner’s manifest that "lanvault export --owner" makes there.',
  );
}
