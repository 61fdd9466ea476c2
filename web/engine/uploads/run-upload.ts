import type { BlockSource, BlockWorkers, Journal, SwarmPort } from '../../../shared/engine/ports.ts';
import { someHolderIsHere } from '../../../shared/engine/journal-holders.ts';
import { uploadFile } from '../../../shared/engine/upload.ts';
import type { UploadProgress } from '../../../shared/engine/upload.ts';
import { deriveDeleteKey } from '../../../shared/crypto/kdf.ts';
import { AppError } from '../../../shared/errors.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import type { LocalStores } from '../local-stores.ts';
import type { SwarmGate } from '../swarm-gate.ts';
import type { UploadItem } from './upload-item.ts';

export interface UploadSurroundings {
  readonly stores: LocalStores;
  readonly swarm: SwarmPort;
  readonly workers: BlockWorkers;
  /** Uploads wait while it is locked. */
  readonly gate: Pick<SwarmGate, 'lock' | 'locks' | 'whenOpen'>;
  /** Copies that each chunk must have, 1 to `REPLICAS`; asked when a run begins. */
  readonly minReplicas: () => number;
  /** A file has joined the list. */
  readonly onStored: () => void;
}

/** One run of an upload, from wherever its journal is; the file is in the list when it resolves. */
export async function runUpload(
  { stores, swarm, workers, minReplicas: fewest, onStored }: UploadSurroundings,
  item: UploadItem,
  source: BlockSource,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<ManifestId> {
  const deleteKey = await deriveDeleteKey(stores.vault.secret, stores.vault.deviceId);
  const journal = await openJournal(stores, item);
  try {
    await assertBeginningIsHere(journal, swarm, signal);
    const options = { source, journal, swarm, workers, deleteKey, minReplicas: fewest(), onProgress };
    const { manifest, manifestId, minReplicas } = await uploadFile(options, signal);
    await stores.files.add(manifestId, manifest, { minReplicas, uploadId: item.id, folder: item.folder });
    onStored();
    return manifestId;
  } finally {
    await journal.close();
  }
}

/** Throws `NOT_ENOUGH_RELAYS` when what an earlier visit stored lies on relays that are all gone. */
async function assertBeginningIsHere(journal: Journal, swarm: SwarmPort, signal: AbortSignal): Promise<void> {
  if (await someHolderIsHere(journal, swarm, signal)) return;
  throw new AppError(
    'NOT_ENOUGH_RELAYS',
    'None of the relays that hold the beginning of this upload is up. If they are gone for good, cancel it and add the file again.',
  );
}

async function openJournal({ journals }: LocalStores, item: UploadItem): Promise<Journal> {
  if (item.journaled) return journals.open(item.id);
  const journal = await journals.create(item.header, { handle: item.handle, folder: item.folder });
  item.journaled = true;
  return journal;
}
