/** This browser's stores on a fresh database, with files in them that were really uploaded to a swarm in memory. */
import type { EngineClock } from '../../../../shared/engine/clock.ts';
import { deriveDeleteKey } from '../../../../shared/crypto/kdf.ts';
import { uploadFile } from '../../../../shared/engine/upload.ts';
import { abortError } from '../../../../shared/errors.ts';
import type { ManifestId } from '../../../../shared/ids.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import { openIdbStores } from '../../../../web/engine/database/idb-stores.ts';
import type { LocalStores } from '../../../../web/engine/local-stores.ts';
import { createFileSource } from '../../../../web/engine/uploads/file-source.ts';
import { FakeWorkers, pseudoRandom } from '../../shared/engine/fakes.ts';
import type { MemorySwarm } from '../../shared/engine/memory-swarm.ts';
import { freshIndexedDb } from './database/fresh-indexed-db.ts';

/** Everything answers at once. */
export const instant: EngineClock = {
  now: () => 0,
  sleep: (_ms, signal) => (signal.aborted ? Promise.reject(abortError(signal)) : Promise.resolve()),
};

export function openFreshStores(): Promise<LocalStores> {
  freshIndexedDb();
  return openIdbStores(() => undefined);
}

let uploads = 0;

/** Stores a file of so many blocks and lists it. */
export async function storeFile(
  stores: LocalStores,
  swarm: MemorySwarm,
  blocks: number,
): Promise<ManifestId> {
  const uploadId = `upload-${String(++uploads)}`;
  const name = `${uploadId}.bin`;
  const file = new File([pseudoRandom(blocks * BLOCK_BYTES - 5, name)], name);
  const source = createFileSource({ file, path: name });
  const { type, sizeBytes, fingerprint } = source;
  const journal = await stores.journals.create({
    uploadId,
    name,
    type,
    sizeBytes,
    fingerprint,
    created: '2026-11-23T05:00:00Z',
    mode: 'none',
    key: pseudoRandom(32, `key of ${name}`),
  });
  const deleteKey = await deriveDeleteKey(stores.vault.secret, stores.vault.deviceId);
  const { manifest, manifestId, minReplicas } = await uploadFile(
    { source, journal, swarm, workers: new FakeWorkers(), deleteKey },
    new AbortController().signal,
  );
  await journal.close();
  await stores.files.add(manifestId, manifest, { minReplicas, uploadId });
  return manifestId;
}
