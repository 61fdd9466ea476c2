/** What an owner hands on so that others can delete a file too, and what they keep of it. */
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { DeletionRights } from '../format/deletion-rights.ts';
import type { ChunkRows, ManifestHeader } from '../format/manifest-types.ts';
import type { ChunkId, ManifestId } from '../ids.ts';
import { rightOver } from './delete-tokens.ts';
import type { OwnedChunks } from './owned-chunks.ts';
import type { Journal, JournalEntry, JournalHeader } from './ports.ts';

export interface OwnerRightsOptions {
  /** Of the file's manifest. */
  readonly rows: ChunkRows;
  /** What the journal of the file knows. */
  readonly owned: OwnedChunks;
  /** Of the device that uploaded, and those that it had before; granted chunks need none. */
  readonly deleteKeys: readonly Bytes[];
  /** What leads to the file: chunks of its stored manifest, and of its publications. */
  readonly linkChunks: readonly { readonly id: ChunkId; readonly bodyHash: Bytes }[];
}

/**
 * The rights to all that belongs to a file: its chunks in their order, then what its upload gave up, then what leads to it. Throws
 * `FORBIDDEN` where one of the file's chunks cannot be deleted from here, `DELETED` where its deletion has begun.
 */
export async function ownerRightsOf(options: OwnerRightsOptions): Promise<DeletionRights> {
  const { rows, owned, deleteKeys, linkChunks } = options;
  if (owned.deleting) throw new AppError('DELETED', 'This file is being deleted.');
  const rights = new DeletionRights();
  const used = new Uint8Array(owned.length);
  for (let index = 0; index < rows.length; index++) {
    const row = owned.find((await rows.at(index)).id);
    const right = row < 0 ? null : await rightOver(deleteKeys, owned.at(row));
    if (right === null)
      throw new AppError('FORBIDDEN', 'This device cannot delete that file, so it cannot let others do it.');
    used[row] = 1;
    rights.append(right);
  }
  const rest = Array.from(used.keys()).flatMap((row) => (used[row] === 1 ? [] : [owned.at(row)]));
  for (const chunk of [...rest, ...linkChunks.map((each) => ({ ...each, token: null }))]) {
    const right = await rightOver(deleteKeys, chunk);
    if (right !== null) rights.append(right);
  }
  return rights;
}

/** What a journal of somebody else's file holds from its beginning. */
export function* grantedEntries(manifestId: ManifestId, rights: DeletionRights): Generator<JournalEntry> {
  for (const { id, bodyHash, token } of rights) yield { kind: 'granted', id, bodyHash, token };
  yield { kind: 'finished', manifestId };
}

/** A journal of somebody else's file that lasts as long as the caller: after that, the rights are used once more from their beginning. */
export function grantedJournal(
  header: JournalHeader,
  manifestId: ManifestId,
  rights: DeletionRights,
): Journal {
  const appended: JournalEntry[] = [];
  return {
    header,
    async *entries() {
      for (const entry of grantedEntries(manifestId, rights)) yield await Promise.resolve(entry);
      yield* [...appended];
    },
    append: (entries) => {
      appended.push(...entries);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

/** The header of such a journal. */
export function grantedHeader(
  uploadId: string,
  manifest: { readonly header: ManifestHeader },
): JournalHeader {
  const { filename, type, size, created, key } = manifest.header;
  return { uploadId, name: filename, type, sizeBytes: size, fingerprint: '', created, mode: 'none', key };
}
