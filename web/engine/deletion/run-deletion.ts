import { deriveDeleteKey } from '../../../shared/crypto/kdf.ts';
import { deleteUpload } from '../../../shared/engine/delete.ts';
import type { DeleteResult } from '../../../shared/engine/delete.ts';
import type { DeletionPort } from '../../../shared/engine/deletion-ports.ts';
import { OwnedChunks } from '../../../shared/engine/owned-chunks.ts';
import type { LocalStores } from '../local-stores.ts';
import type { DeletionItem } from './deletion-item.ts';

export interface DeletionSurroundings {
  readonly stores: LocalStores;
  readonly swarm: DeletionPort;
  /** A file has left the list. */
  readonly onGone: () => void;
}

/**
 * One run, from wherever its journal is. What the swarm was told of leaves the list, with the links to it; the journal goes when
 * nobody is left to confirm. Throws as `deleteUpload`, and `CONFLICT` while another tab is at it.
 */
export async function runDeletion(
  { stores, swarm, onGone }: DeletionSurroundings,
  item: DeletionItem,
  onProgress: () => void,
  signal: AbortSignal,
): Promise<DeleteResult> {
  const { uploadId, manifestId } = item.upload;
  const { vault, journals, shares, files } = stores;
  const deleteKey = await deriveDeleteKey(vault.secret, vault.deviceId);
  const journal = await journals.openAbandoned(uploadId);
  let result: DeleteResult;
  try {
    item.begin(await OwnedChunks.replay(journal.header.sizeBytes, journal.entries()));
    onProgress();
    result = await deleteUpload(
      {
        journal,
        swarm,
        deleteKey,
        ...(manifestId === null
          ? {}
          : { manifestId, linkChunks: (await shares.get(manifestId))?.chunks ?? [] }),
        onProgress: (progress) => {
          item.progress(progress);
          onProgress();
        },
      },
      signal,
    );
  } finally {
    await journal.close();
  }
  if (manifestId !== null && result.failed === 0) {
    await files.remove(manifestId);
    // The journal has their chunks by now.
    await shares.remove(manifestId);
    onGone();
  }
  if (result.complete) await journals.remove(uploadId);
  return result;
}
