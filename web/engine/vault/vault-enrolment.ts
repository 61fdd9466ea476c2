import { AppError, throwIfAborted } from '../../../shared/errors.ts';
import { formatLink } from '../../../shared/format/capability.ts';
import type { CapabilityLink } from '../../../shared/format/capability.ts';
import { baseName, folderOf } from '../../../shared/format/file-path.ts';
import { parseManifestId } from '../../../shared/ids.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import type { VaultIndex } from '../../../shared/vault/vault-index.ts';
import type { FileList } from '../file-list.ts';
import type { LocalFile, LocalStores } from '../local-stores.ts';
import type { VaultHold } from './vault-hold.ts';

/** Manifests of the index. */
export interface IndexedManifests {
  /** Of files that are there. */
  readonly live: ReadonlySet<ManifestId>;
  /** Of files that were there. */
  readonly gone: ReadonlySet<ManifestId>;
}

export function manifestsIn(index: VaultIndex): IndexedManifests {
  const live = new Set<ManifestId>();
  const gone = new Set<ManifestId>();
  for (const { file, deleted } of index.entries()) {
    if (file !== undefined) (deleted === undefined ? live : gone).add(parseManifestId(file.manifest));
  }
  for (const id of live) gone.delete(id);
  return { live, gone };
}

export interface EnrolmentOptions {
  readonly stores: Pick<LocalStores, 'files' | 'journals' | 'shares'>;
  readonly hold: VaultHold;
  readonly local: FileList;
  readonly linkOf: (id: ManifestId, signal: AbortSignal) => Promise<CapabilityLink>;
  /** Deletes a file of this device for everybody. Throws as `Deletions.start`. */
  readonly deleteFile: (id: ManifestId) => Promise<void>;
}

/** Keeps this browser's files and the index together: what is new here joins the index, what left the index leaves this browser. */
export class VaultEnrolment {
  readonly #options: EnrolmentOptions;

  constructor(options: EnrolmentOptions) {
    this.#options = options;
  }

  /** Files that are not in the index, and shall be. Throws what the stores throw. */
  async waiting(): Promise<LocalFile[]> {
    const { hold, local } = this.#options;
    const { live, gone } = manifestsIn((await hold.read()).index);
    const unknown = local.current.filter(
      ({ manifestId, indexed }) => !live.has(manifestId) && !(indexed && gone.has(manifestId)),
    );
    if (unknown.length === 0) return unknown;
    const deleting = await this.#deleting();
    return unknown.filter(({ manifestId }) => !deleting.has(manifestId));
  }

  /** Adds them all. Gives the first error; one that time may cure ends it, any other concerns one file. Throws `ABORTED`. */
  async enrol(signal: AbortSignal): Promise<AppError | null> {
    const { local, hold, stores } = this.#options;
    const waiting = await this.waiting();
    try {
      const failure = await this.#enrolAll(waiting, signal);
      const { live } = manifestsIn((await hold.read()).index);
      for (const { manifestId, indexed } of local.current)
        if (!indexed && live.has(manifestId)) await stores.files.markIndexed(manifestId);
      return failure;
    } finally {
      await local.refresh();
    }
  }

  /** What another device has taken out of the vault leaves this one; what was uploaded here is deleted for everybody. */
  async followRemovals(): Promise<void> {
    const { hold, local, deleteFile } = this.#options;
    const { gone } = manifestsIn((await hold.read()).index);
    const left = local.current.filter(({ manifestId, indexed }) => indexed && gone.has(manifestId));
    if (left.length === 0) return;
    const deleting = await this.#deleting();
    for (const { manifestId, owned } of left) {
      if (!owned) await this.forget(manifestId);
      else if (!deleting.has(manifestId)) {
        try {
          await deleteFile(manifestId);
        } catch (cause) {
          // Another tab is at it.
          if (AppError.from(cause).code !== 'CONFLICT') throw cause;
        }
      }
    }
  }

  /** Takes a file out of the index; what its link has left in the swarm is deleted. */
  async unlist(id: ManifestId): Promise<void> {
    const { stores, hold } = this.#options;
    const chunks = (await stores.shares.get(id))?.chunks ?? [];
    await hold.change((sync) => sync.forgetFile(id, chunks));
  }

  /** The same, and out of this browser. */
  async forget(id: ManifestId): Promise<void> {
    const { stores, local } = this.#options;
    await this.unlist(id);
    await stores.shares.remove(id);
    await stores.files.remove(id);
    await local.changed();
  }

  async #enrolAll(files: readonly LocalFile[], signal: AbortSignal): Promise<AppError | null> {
    let failure: AppError | null = null;
    for (const file of files) {
      try {
        await this.#enrolOne(file, signal);
      } catch (cause) {
        throwIfAborted(signal);
        failure ??= AppError.from(cause);
        if (AppError.from(cause).retryable) break;
      }
    }
    return failure;
  }

  async #enrolOne({ manifestId }: LocalFile, signal: AbortSignal): Promise<void> {
    const { hold, stores, linkOf } = this.#options;
    const link = formatLink(await linkOf(manifestId, signal));
    const isHere = await hold.change(async (sync) => {
      // It may have been moved, or deleted, while its link was made.
      const file = await stores.files.find(manifestId);
      if (file === null) return false;
      if (sync.index.filesOf(manifestId).length > 0) return true;
      const { path, owned, sizeBytes, type, created } = file;
      await sync.edit((index) => {
        index.addFile(index.makeFolders(folderOf(path)), baseName(path), {
          ...{ manifest: manifestId, link, size: sizeBytes, type, created },
          ...(owned ? {} : { foreign: true as const }),
        });
      });
      return true;
    });
    if (isHere) await stores.files.markIndexed(manifestId);
    else await this.forget(manifestId);
  }

  async #deleting(): Promise<ReadonlySet<ManifestId | null>> {
    const abandoned = await this.#options.stores.journals.abandoned();
    return new Set(abandoned.map(({ manifestId }) => manifestId));
  }
}
