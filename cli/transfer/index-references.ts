/** Which chunks the vault's index refers to: those that it is made of, and those of its files whose journal is lost. */
import { toHex } from '../../shared/bytes.ts';
import { openLink } from '../../shared/engine/links.ts';
import { parseLink } from '../../shared/format/capability.ts';
import type { PackedManifest } from '../../shared/format/manifest.ts';
import { parseChunkId, parseManifestId } from '../../shared/ids.ts';
import type { ChunkId, ManifestId } from '../../shared/ids.ts';
import { neededChunks } from '../../shared/vault/vault-state.ts';
import type { VaultState } from '../../shared/vault/vault-state.ts';
import type { JournalArchive } from '../adapters/journal-archive.ts';
import type { Vault } from '../adapters/vault.ts';
import { readVaultIndex } from '../adapters/vault-index-store.ts';
import type { ChosenSwarm } from './choose-swarm.ts';
import { loadCliXz } from './open-link.ts';

export interface IndexReferencesParts {
  readonly chosen: ChosenSwarm;
  readonly vault: Vault;
  readonly archive: JournalArchive;
  readonly dataFolder: string;
}

/**
 * For as many readings as are wanted. Each throws `CORRUPT` or `IO` for an index that cannot be read, and what `openLink` throws for a
 * file's manifest: what is not known might be any chunk.
 */
export function indexReferences(
  { chosen, vault, archive, dataFolder }: IndexReferencesParts,
  signal: AbortSignal,
): () => AsyncGenerator<ChunkId> {
  /** A manifest never changes. */
  const known = new Map<ManifestId, PackedManifest>();

  async function manifestOf(id: ManifestId, link: string): Promise<PackedManifest> {
    const manifest =
      known.get(id) ??
      (await openLink(parseLink(link), { swarm: chosen.swarm, xz: await loadCliXz() }, signal));
    known.set(id, manifest);
    return manifest;
  }

  return async function* references() {
    const state = await readVaultIndex(dataFolder);
    if (state === null) return;
    for (const { id } of neededChunks(state)) yield parseChunkId(id);
    // The simulation's nodes hold nothing of what is indexed.
    if (chosen.records === null) return;
    const journaled = await journaledManifests(archive);
    for (const [id, link] of ownFiles(state, toHex(vault.deviceId))) {
      if (journaled.has(id) || (await archive.wasDeleted(id))) continue;
      const { rows } = await manifestOf(id, link);
      for (let index = 0; index < rows.length; index++) yield rows.at(index).id;
    }
  };
}

/** Files that this device has uploaded; another's chunks are not this one's to prune. */
function ownFiles({ entries }: VaultState, deviceHex: string): Map<ManifestId, string> {
  const files = new Map<ManifestId, string>();
  for (const { file, deleted } of entries) {
    if (file !== undefined && deleted === undefined && file.device === deviceHex)
      files.set(parseManifestId(file.manifest), file.link);
  }
  return files;
}

async function journaledManifests(archive: JournalArchive): Promise<Set<ManifestId>> {
  const found = new Set<ManifestId>();
  for await (const upload of archive.uploads()) {
    for await (const entry of upload.entries()) if (entry.kind === 'finished') found.add(entry.manifestId);
  }
  return found;
}
