/** The right to delete a file: handed on from this browser, and taken in. */
import { OwnedChunks } from '../../../shared/engine/owned-chunks.ts';
import { grantedEntries, grantedHeader, ownerRightsOf } from '../../../shared/engine/owner-rights.ts';
import { AppError } from '../../../shared/errors.ts';
import type { DeletionRights } from '../../../shared/format/deletion-rights.ts';
import type { ChunkRows, ManifestHeader } from '../../../shared/format/manifest-types.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import { deleteKeysOf } from '../delete-keys.ts';
import { linkChunksOf } from '../link-chunks.ts';
import type { LocalStores, UploadJournals } from '../local-stores.ts';

/** Throws `FORBIDDEN` for a file that this device cannot delete, `DELETED`, `CONFLICT` while its journal is in use. */
export async function rightsToFile(
  manifestId: ManifestId,
  rows: ChunkRows,
  stores: LocalStores,
): Promise<DeletionRights> {
  const { vault, journals } = stores;
  const uploadId = await journals.uploadOf(manifestId);
  if (uploadId === null)
    throw new AppError('FORBIDDEN', 'This device cannot delete that file, so it cannot let others do it.');
  const [deleteKeys, linkChunks] = await Promise.all([deleteKeysOf(vault), linkChunksOf(manifestId, stores)]);
  const journal = await journals.open(uploadId);
  try {
    const owned = await OwnedChunks.replay(journal.header.sizeBytes, journal.entries());
    return await ownerRightsOf({ rows, owned, deleteKeys, linkChunks });
  } finally {
    await journal.close();
  }
}

/** The journal that gives the right to delete a file: one that is there, else one made of `rights`; null where there are none. */
export async function journalOf(
  id: ManifestId,
  manifest: { readonly header: ManifestHeader; readonly rights: DeletionRights | null },
  journals: UploadJournals,
): Promise<string | null> {
  const known = await journals.uploadOf(id);
  if (known !== null || manifest.rights === null) return known;
  const uploadId = crypto.randomUUID();
  await journals.grant(grantedHeader(uploadId, manifest), id, grantedEntries(id, manifest.rights));
  return uploadId;
}
