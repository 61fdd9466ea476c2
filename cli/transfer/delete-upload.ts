/** Deletes one upload of this device, and its journal once nothing of it is left anywhere. */
import type { Bytes } from '../../shared/bytes.ts';
import { deleteUpload } from '../../shared/engine/delete.ts';
import type { DeleteOptions, DeleteResult } from '../../shared/engine/delete.ts';
import type { RelayId } from '../../shared/ids.ts';
import type { JournalArchive } from '../adapters/journal-archive.ts';
import { plural } from '../text.ts';
import type { ChosenSwarm } from './choose-swarm.ts';

export interface DeletingContext {
  readonly chosen: ChosenSwarm;
  readonly archive: JournalArchive;
  readonly deleteKey: Bytes;
}

/** Throws as the archive's `open` and the engine's `deleteUpload` do. */
export async function deleteOneUpload(
  uploadId: string,
  { chosen, archive, deleteKey }: DeletingContext,
  options: Pick<DeleteOptions, 'manifestId' | 'linkChunks' | 'onProgress'>,
  signal: AbortSignal,
): Promise<DeleteResult> {
  const journal = await archive.open(uploadId);
  try {
    const result = await deleteUpload({ journal, swarm: chosen.swarm, deleteKey, ...options }, signal);
    if (result.complete) await archive.remove(uploadId);
    return result;
  } finally {
    await journal.close();
  }
}

/** Rows of relays and how many chunks, for `--json`. */
export function relayRows(counts: ReadonlyMap<RelayId, number>): { relay: RelayId; chunks: number }[] {
  return [...counts].map(([relay, chunks]) => ({ relay, chunks }));
}

/** A line for each relay that has not confirmed. */
export function pendingLines(
  pending: ReadonlyMap<RelayId, number>,
  { memberWord, local }: ChosenSwarm,
): string[] {
  return [...pending].map(([relay, chunks]) => {
    const name = local?.nameOf(relay) ?? `${memberWord} ${relay}`;
    return `  pending: ${name} (${plural(chunks, 'chunk')})`;
  });
}
