/** Reading a stored manifest; the page and the service worker both do. */
import { unwrapSecret } from '../../../shared/crypto/device-key.ts';
import { AppError } from '../../../shared/errors.ts';
import type { Manifest } from '../../../shared/format/manifest-types.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import { PagedRows } from './row-pages.ts';
import type { LanvaultDatabase } from './schema.ts';
import { withStorageErrors } from './storage-error.ts';

export const fileKeyContext = (id: ManifestId): string => `file key ${id}`;

/** Rows are read as they are asked for. Throws `NOT_FOUND`, `CORRUPT`. */
export async function readManifest(
  database: LanvaultDatabase,
  deviceKey: CryptoKey,
  id: ManifestId,
): Promise<Manifest> {
  const record = await withStorageErrors(() => database.get('files', id));
  if (record === undefined) {
    throw new AppError('NOT_FOUND', 'This browser has no manifest of that file: import it first.');
  }
  const { filename, type, sizeBytes, created, merkleRoot, chunkCount } = record;
  const key = await unwrapSecret(record.key, deviceKey, fileKeyContext(id));
  const rows = new PagedRows({
    length: chunkCount,
    fileSizeBytes: sizeBytes,
    loadPage: async (page) => {
      const stored = await withStorageErrors(() => database.get('manifest-rows', [id, page]));
      if (stored === undefined) throw new AppError('NOT_FOUND', 'This file was removed from this browser.');
      return stored;
    },
  });
  return { header: { filename, type, size: sizeBytes, created, merkleRoot, key }, rows };
}
