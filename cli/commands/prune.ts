import { deriveDeleteKey } from '../../shared/crypto/kdf.ts';
import { publishedChunks } from '../../shared/engine/catalog-publish.ts';
import type { OwnedDatabase } from '../../shared/engine/deletion-ports.ts';
import { deleteOrphans, findOrphans } from '../../shared/engine/prune.ts';
import type { OrphanPlan, PruneResult } from '../../shared/engine/prune.ts';
import { AppError } from '../../shared/errors.ts';
import type { ChunkId } from '../../shared/ids.ts';
import { JournalArchive } from '../adapters/journal-archive.ts';
import { FilePublicationStore } from '../adapters/publication-store.ts';
import { openVault } from '../adapters/vault.ts';
import { confirm } from '../confirm.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { ExitStatus } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { userDataFolder } from '../paths.ts';
import { formatBytes, plural } from '../text.ts';
import { chooseSwarm } from '../transfer/choose-swarm.ts';
import type { SwarmOptions } from '../transfer/choose-swarm.ts';
import { deleteOneUpload, pendingLines, relayRows } from '../transfer/delete-upload.ts';
import type { DeletingContext } from '../transfer/delete-upload.ts';
import { indexReferences } from '../transfer/index-references.ts';

export interface PruneOptions extends SwarmOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly ignoreAbsent?: boolean;
}

/** Orphans that are listed for a person; `--json` has them all. */
const MAX_LISTED = 50;

/** What became of files whose deletion was begun earlier. */
interface Completed {
  readonly complete: number;
  readonly pending: number;
}

/** Lists what this device has stored and does not refer to any more, asks, and deletes it. */
export async function prune(options: PruneOptions, output: Output, signal: AbortSignal): Promise<ExitStatus> {
  const dataFolder = userDataFolder();
  const vault = await openVault(dataFolder, output.warn);
  const chosen = await chooseSwarm(options, 'download', signal);
  const archive = new JournalArchive(dataFolder, chosen.target);
  const indexed = indexReferences({ chosen, vault, archive, dataFolder }, signal);
  const database = databaseOf(archive, indexed);
  const deleteKey = await deriveDeleteKey(vault.secret, vault.deviceId);
  const context = { chosen, archive, deleteKey };
  const plan = await refusing(async () => {
    const search = { swarm: chosen.swarm, database, deleteKey, unixTime: () => Date.now() };
    const found = await findOrphans({ ...search, withoutAbsent: options.ignoreAbsent === true }, signal);
    if (found.orphans.length > 0) await archive.assertPresent();
    return found;
  });
  const begun = await archive.deleting();
  list(plan, begun.length, output);

  let result: PruneResult | null = null;
  let completed: Completed | null = null;
  if (options.dryRun !== true && (await agreed(plan, options, output, signal))) {
    result = await deleteOrphans(plan, { swarm: chosen.swarm, database, deleteKey }, signal);
    completed = await completeDeletions(begun, context, output, signal);
  }
  report(plan, result, completed, context, output);
  return (result?.failed ?? 0) > 0 ? EXIT_CODES.relays.status : EXIT_CODES.ok.status;
}

function databaseOf(archive: JournalArchive, indexed: () => AsyncIterable<ChunkId>): OwnedDatabase {
  return {
    uploads: () => archive.uploads(),
    async *otherReferences() {
      yield* publishedChunks(new FilePublicationStore(userDataFolder()));
      yield* indexed();
    },
  };
}

/** Whatever ends the search leaves everything as it is, and says so. */
async function refusing<T>(search: () => Promise<T>): Promise<T> {
  try {
    return await search();
  } catch (cause) {
    const error = AppError.from(cause);
    const absent = error.details?.['absent'] !== undefined;
    const hint = absent ? ' Start what is away; or, where it is gone for good, add --ignore-absent.' : '';
    throw new AppError(error.code, `${error.message} Nothing was deleted.${hint}`, { cause: error });
  }
}

async function agreed(
  { orphans }: OrphanPlan,
  { yes = false }: PruneOptions,
  output: Output,
  signal: AbortSignal,
): Promise<boolean> {
  if (orphans.length === 0 || yes) return true;
  const question = `Delete ${plural(orphans.length, 'chunk')} for good?`;
  return confirm(question, output, signal);
}

/** Goes on with deletions that relays had yet to confirm. */
async function completeDeletions(
  begun: readonly string[],
  context: DeletingContext,
  output: Output,
  signal: AbortSignal,
): Promise<Completed> {
  let complete = 0;
  for (const uploadId of begun) {
    try {
      const done = await deleteOneUpload(uploadId, context, {}, signal);
      if (done.complete) complete++;
    } catch (cause) {
      const error = AppError.from(cause);
      // Somebody else is at it, or was quicker, or it is another device's.
      if (!['CONFLICT', 'NOT_FOUND', 'FORBIDDEN'].includes(error.code)) throw error;
      output.warn(`A deletion that was begun earlier cannot be completed now: ${error.message}`);
    }
  }
  return { complete, pending: begun.length - complete };
}

function list({ orphans, more, young, absent }: OrphanPlan, begun: number, output: Output): void {
  const found = `${plural(orphans.length, 'chunk')}${more ? ' or more' : ''}`;
  if (orphans.length === 0) output.say('Nothing of yours lies on the relays that your files do not need.');
  else output.say(`Not needed by any of your files: ${found}, ${formatBytes(orphans.totalBytes)} in all.`);
  for (let row = 0; row < Math.min(orphans.length, MAX_LISTED); row++) {
    const { id, sizeBytes, replicas } = orphans.at(row);
    output.say(`  ${id}  ${formatBytes(sizeBytes)} × ${replicas}`);
  }
  if (orphans.length > MAX_LISTED)
    output.say(`  … and ${orphans.length - MAX_LISTED} more; --json lists all.`);
  if (young > 0) output.say(`${plural(young, 'chunk')} more are younger than an hour, and are left alone.`);
  if (begun > 0) output.say(`${plural(begun, 'file')} deleted earlier wait for relays to confirm.`);
  if (absent.length > 0)
    output.warn(
      `${plural(absent.length, 'relay')} with chunks of yours are away: what lies there is not compared.`,
    );
}

function report(
  plan: OrphanPlan,
  result: PruneResult | null,
  completed: Completed | null,
  { chosen }: DeletingContext,
  output: Output,
): void {
  const { orphans, more, young, relays, absent } = plan;
  const rows = Array.from({ length: orphans.length }, (_, row) => {
    const { id, sizeBytes, replicas } = orphans.at(row);
    return { id, size: sizeBytes, replicas };
  });
  output.result({
    orphans: rows,
    bytes: orphans.totalBytes,
    more,
    young,
    relays,
    absent,
    deleted: result?.deleted ?? 0,
    kept: result?.kept ?? 0,
    failed: result?.failed ?? 0,
    pending: relayRows(result?.pending ?? new Map()),
    files_completed: completed?.complete ?? 0,
    files_pending: completed?.pending ?? 0,
  });
  if (result === null || completed === null) {
    if (orphans.length > 0) output.say('Nothing was deleted.');
    return;
  }
  if (orphans.length > 0) output.say(`Deleted ${plural(result.deleted, 'chunk')}.`);
  for (const line of pendingLines(result.pending, chosen)) output.say(line);
  if (completed.complete > 0)
    output.say(`${plural(completed.complete, 'file')} deleted earlier are now gone from everywhere.`);
  if (result.failed > 0)
    output.warn(`The deletion of ${plural(result.failed, 'chunk')} was taken by nobody. Run prune again.`);
  if (more) output.say('There is more: run prune again.');
}
