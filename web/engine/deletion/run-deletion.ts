import { noteUnpublishing } from '../../../shared/engine/catalog-publish.ts';
import { deleteUpload, locateGranted } from '../../../shared/engine/delete.ts';
import type { DeleteResult, DeletingSwarm } from '../../../shared/engine/delete.ts';
import { OwnedChunks } from '../../../shared/engine/owned-chunks.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import { deleteKeysOf } from '../delete-keys.ts';
import { linkChunksOf } from '../link-chunks.ts';
import type { LocalStores } from '../local-stores.ts';
import type { DeletionItem } from './deletion-item.ts';

export interface DeletionSurroundings {
  readonly stores: LocalStores;
  readonly swarm: DeletingSwarm;
  /** The swarm was told to delete a file: takes it out of the vault's index. Throws what that throws. */
  readonly unlist: (manifestId: ManifestId) => Promise<void>;
  /** A file has left the list. */
  readonly onGone: () => void;
}

/**
 * One run, from wherever its journal is. What the swarm was told of leaves the list, with the links to it, and is to be
 * unpublished; the journal goes when nobody is left to confirm. Throws as `deleteUpload`, and `CONFLICT` while another tab is at it.
 */
export async function runDeletion(
  { stores, swarm, unlist, onGone }: DeletionSurroundings,
  item: DeletionItem,
  onProgress: () => void,
  signal: AbortSignal,
): Promise<DeleteResult> {
  const { uploadId, manifestId } = item.upload;
  const { vault, journals, shares, publications, files } = stores;
  const [deleteKey, ...formerDeleteKeys] = await deleteKeysOf(vault);
  const journal = await journals.openAbandoned(uploadId);
  let result: DeleteResult;
  try {
    const owned = await OwnedChunks.replay(journal.header.sizeBytes, journal.entries());
    await locateGranted({ swarm, journal }, owned, signal);
    item.begin(owned);
    onProgress();
    result = await deleteUpload(
      {
        journal,
        swarm,
        deleteKey,
        formerDeleteKeys,
        ...(manifestId === null ? {} : { manifestId, linkChunks: await linkChunksOf(manifestId, stores) }),
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
    await noteUnpublishing(manifestId, publications);
    await unlist(manifestId);
    await files.remove(manifestId);
    // The journal has their chunks by now.
    await shares.remove(manifestId);
    onGone();
  }
  if (result.complete) await journals.remove(uploadId);
  return result;
}
