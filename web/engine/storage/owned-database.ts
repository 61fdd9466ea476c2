/** What this browser's stores refer to, for pruning. Whatever cannot be read is an error: it might be any chunk. */
import { toHex } from '../../../shared/bytes.ts';
import { publishedChunks } from '../../../shared/engine/catalog-publish.ts';
import type { OwnedDatabase } from '../../../shared/engine/deletion-ports.ts';
import type { Manifest } from '../../../shared/format/manifest-types.ts';
import { parseChunkId, parseManifestId } from '../../../shared/ids.ts';
import type { ChunkId, ManifestId } from '../../../shared/ids.ts';
import { neededChunks, stateFrom } from '../../../shared/vault/vault-state.ts';
import type { LocalStores } from '../local-stores.ts';

/** From this browser, or by the link that the vault's index has. Throws where it cannot be had. */
export type ManifestOf = (id: ManifestId) => Promise<Manifest>;

/**
 * Journals, manifests on the list or held open, links, publications and the vault's index. An upload that was given up refers
 * to its chunks as well: the deletions' queue sees to them, and may have been stopped.
 */
export function ownedDatabase(stores: LocalStores, manifestOf: ManifestOf): OwnedDatabase {
  const { journals, files, shares, publications } = stores;
  return {
    uploads: () => journals.owned(),
    async *otherReferences(): AsyncGenerator<ChunkId> {
      yield* files.references();
      yield* shares.references();
      yield* publishedChunks(publications);
      yield* indexReferences(stores, manifestOf);
      for await (const upload of journals.owned()) {
        for await (const entry of upload.entries()) {
          // Made by others; or by this device, when it has lost what it knew of them.
          if (entry.kind === 'granted') yield entry.id;
          if (!upload.abandoned) continue;
          if (entry.kind === 'sealed') yield entry.chunk.id;
          else if (entry.kind === 'abandoned') yield entry.id;
        }
      }
    },
  };
}

/** What the vault's index is made of, and files of this device that only it knows any more. */
async function* indexReferences(
  { vault, vaultIndex, journals }: LocalStores,
  manifestOf: ManifestOf,
): AsyncGenerator<ChunkId> {
  const state = stateFrom(await vaultIndex.load());
  if (state === null) return;
  for (const { id } of neededChunks(state)) yield parseChunkId(id);
  const device = toHex(vault.deviceId);
  for (const { file, deleted } of state.entries) {
    // Another device's chunks are not this one's to prune.
    if (file?.device !== device || deleted !== undefined) continue;
    const id = parseManifestId(file.manifest);
    if ((await journals.uploadOf(id)) !== null) continue;
    const { rows } = await manifestOf(id);
    for (let index = 0; index < rows.length; index++) yield (await rows.at(index)).id;
  }
}
