/** Keeps the vault's index in step with what commands do. The files themselves matter more: what fails here is a warning. */
import type { Bytes } from '../../shared/bytes.ts';
import type { RecordPort } from '../../shared/engine/record-client.ts';
import { VaultSync } from '../../shared/engine/vault-sync.ts';
import type { VaultNetwork, VaultReading } from '../../shared/engine/vault-sync.ts';
import { AppError } from '../../shared/errors.ts';
import { formatLink } from '../../shared/format/capability.ts';
import { computeManifestId } from '../../shared/format/manifest.ts';
import type { Manifest } from '../../shared/format/manifest-types.ts';
import type { ChunkId, ManifestId } from '../../shared/ids.ts';
import { safeName } from '../../shared/safe-name.ts';
import type { Vault } from '../adapters/vault.ts';
import { VaultIndexStore } from '../adapters/vault-index-store.ts';
import type { Output } from '../output.ts';
import type { ChosenSwarm } from './choose-swarm.ts';
import { loadCliXz } from './open-link.ts';

export interface CliVaultIndexParts {
  readonly chosen: ChosenSwarm;
  readonly vault: Vault;
  readonly dataFolder: string;
  readonly output: Output;
}

/** What an index is kept in: this user's data. */
export type VaultPlace = Pick<CliVaultIndexParts, 'vault' | 'dataFolder'>;

/** Runs `work` on the vault's index, which no other process touches meanwhile. Throws as the store and `VaultSync.open` do. */
export async function withVaultIndex<T>(
  { vault, dataFolder }: VaultPlace,
  signal: AbortSignal,
  work: (sync: VaultSync) => Promise<T>,
): Promise<T> {
  using store = await VaultIndexStore.open(dataFolder, signal);
  return await work(await VaultSync.open({ vaultSecret: vault.secret, deviceId: vault.deviceId, store }));
}

/** Takes over what other devices have published, and publishes what they have yet to hear. Throws as `VaultSync.publish` does. */
export async function exchange(
  sync: VaultSync,
  network: VaultNetwork,
  signal: AbortSignal,
): Promise<VaultReading> {
  return sync.isPublished ? sync.read(network, signal) : sync.publish(network, signal);
}

/** Puts the file into the index, with a link, unless it is there; gives its link. Throws as `linkManifest` and `makeFolders` do. */
export async function indexFile(
  sync: VaultSync,
  path: string,
  manifest: Manifest,
  network: VaultNetwork,
  signal: AbortSignal,
): Promise<string> {
  const manifestId = await computeManifestId(manifest);
  const known = sync.index.filesOf(manifestId)[0]?.file;
  if (known !== undefined) return known.link;
  const link = formatLink(await sync.linkManifest(manifest, manifestId, network, signal));
  const { size, type, created } = manifest.header;
  const slash = path.lastIndexOf('/') + 1;
  await sync.edit((index) => {
    const folder = index.makeFolders(path.slice(0, slash));
    index.addFile(folder, path.slice(slash), { manifest: manifestId, link, size, type, created });
  });
  return link;
}

/** Null in the local simulation. */
export async function networkOf({ swarm, records }: ChosenSwarm): Promise<VaultNetwork | null> {
  return records === null ? null : { swarm, records, xz: await loadCliXz() };
}

export class CliVaultIndex {
  readonly #parts: CliVaultIndexParts;
  readonly #records: RecordPort;

  private constructor(parts: CliVaultIndexParts, records: RecordPort) {
    this.#parts = parts;
    this.#records = records;
  }

  /** Null in the local simulation, whose files are on this machine only. */
  static of(parts: CliVaultIndexParts): CliVaultIndex | null {
    const { records } = parts.chosen;
    return records === null ? null : new CliVaultIndex(parts, records);
  }

  /** `path`: where the file stands in the vault. Others see it after `publish`. Throws `ABORTED` only. */
  async addFile(path: string, manifest: Manifest, signal: AbortSignal): Promise<void> {
    const what = `${safeName(path)} is stored, but not in your vault’s list of files; keep its manifest, and "lanvault share" it to have it there`;
    await this.#orWarn(what, signal, async (sync, network) => {
      await indexFile(sync, path, manifest, network, signal);
    });
  }

  /** Throws `ABORTED` only. */
  async publish(signal: AbortSignal): Promise<void> {
    const what = 'Your other devices do not see this yet; the next command with relays brings it there';
    await this.#orWarn(what, signal, async (sync, network) => {
      if (!sync.isPublished) await sync.publish(network, signal);
    });
  }

  /** Chunks that are deleted with the file. Throws as the store does. */
  linkChunksOf(
    manifestId: ManifestId,
    signal: AbortSignal,
  ): Promise<readonly { readonly id: ChunkId; readonly bodyHash: Bytes }[]> {
    return withVaultIndex(this.#parts, signal, (sync) => Promise.resolve(sync.linkChunksOf(manifestId)));
  }

  /** After its deletion; publishes too. Throws `ABORTED` only. */
  async removeFile(manifestId: ManifestId, signal: AbortSignal): Promise<void> {
    await this.#orWarn('The file is still in your vault’s list of files', signal, (sync) =>
      sync.forgetFile(manifestId),
    );
    await this.publish(signal);
  }

  async #orWarn(
    what: string,
    signal: AbortSignal,
    work: (sync: VaultSync, network: VaultNetwork) => Promise<void>,
  ): Promise<void> {
    const { chosen, output } = this.#parts;
    const network = { swarm: chosen.swarm, records: this.#records, xz: await loadCliXz() };
    try {
      await withVaultIndex(this.#parts, signal, (sync) => work(sync, network));
    } catch (cause) {
      const error = AppError.from(cause);
      if (signal.aborted) throw error;
      output.warn(`${what}: ${error.message}`);
    }
  }
}
