import { manifestFromTable } from '../../../shared/engine/journal-manifest.ts';
import { JournalTable } from '../../../shared/engine/journal-table.ts';
import { AppError } from '../../../shared/errors.ts';
import { BLOCK_BYTES, REPLICAS } from '../../../shared/limits.ts';
import type { LeftoverUpload, LocalStores } from '../local-stores.ts';
import type { UploadSurroundings } from './run-upload.ts';
import { UploadItem } from './upload-item.ts';

/**
 * The unfinished uploads of earlier visits as stopped items. One whose chunks were all stored, but whose visit ended
 * before it joined the list of files, joins it now. A journal that cannot be read is shown as failed, never dropped.
 */
export async function restoreUploads(surroundings: UploadSurroundings): Promise<UploadItem[]> {
  const items: UploadItem[] = [];
  for (const leftover of await surroundings.stores.journals.leftovers()) {
    const item = await restore(surroundings, leftover);
    if (item !== null) items.push(item);
  }
  return items;
}

async function restore(
  { stores, onStored }: UploadSurroundings,
  { header, handle, paused, folder }: LeftoverUpload,
): Promise<UploadItem | null> {
  const item = new UploadItem(header, { picked: null, handle, journaled: true, folder });
  try {
    const table = await readJournal(stores, header.uploadId, header.sizeBytes);
    const counts = countStored(table);
    if (table.finished !== undefined) {
      const facts = { minReplicas: counts.minReplicas ?? REPLICAS, uploadId: header.uploadId, folder };
      await stores.files.add(table.finished, manifestFromTable(header, table), facts);
      onStored();
      return null;
    }
    item.setLeftover(counts);
    if (handle === null) item.end('needs-file');
    else if (paused) item.end('paused');
    else
      item.end('failed', {
        error: new AppError('ABORTED', 'The upload was interrupted: resume it to go on.'),
      });
  } catch (cause) {
    const error = AppError.from(cause);
    // Another tab took it up in between.
    if (error.code === 'CONFLICT') return null;
    item.end('failed', { error });
  }
  return item;
}

async function readJournal(stores: LocalStores, uploadId: string, sizeBytes: number): Promise<JournalTable> {
  const journal = await stores.journals.open(uploadId);
  try {
    return await JournalTable.replay(Math.ceil(sizeBytes / BLOCK_BYTES), journal.entries());
  } finally {
    await journal.close();
  }
}

function countStored(table: JournalTable): {
  storedBytes: number;
  chunksStored: number;
  minReplicas: number | null;
} {
  let storedBytes = 0;
  let chunksStored = 0;
  let minReplicas: number | null = null;
  for (let index = 0; index < table.length; index++) {
    const known = table.at(index);
    if (known === undefined || known.holders === 0) continue;
    storedBytes += known.chunk.size;
    chunksStored++;
    minReplicas = Math.min(minReplicas ?? known.holders, known.holders);
  }
  return { storedBytes, chunksStored, minReplicas };
}
