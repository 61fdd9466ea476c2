/** What is deleted with a file, and what the right to delete it covers, besides its own chunks. */
import type { Bytes } from '../../shared/bytes.ts';
import type { OwnPublication } from '../../shared/engine/catalog-publish.ts';
import type { ChunkId, ManifestId } from '../../shared/ids.ts';
import { FilePublicationStore } from '../adapters/publication-store.ts';
import type { CliVaultIndex } from './cli-vault-index.ts';

export interface LinkChunks {
  /** Chunks of the stored manifests that lead to the file. */
  readonly chunks: readonly { readonly id: ChunkId; readonly bodyHash: Bytes }[];
  /** Of the file, in whatever state. */
  readonly publications: readonly OwnPublication[];
}

/** Throws as the stores do. */
export async function linkChunksOf(
  manifestId: ManifestId,
  { dataFolder, vaultIndex }: { readonly dataFolder: string; readonly vaultIndex: CliVaultIndex | null },
  signal: AbortSignal,
): Promise<LinkChunks> {
  const publications = (await new FilePublicationStore(dataFolder).list()).filter(
    (each) => each.manifestId === manifestId,
  );
  const indexed = (await vaultIndex?.linkChunksOf(manifestId, signal)) ?? [];
  return { publications, chunks: [...publications.flatMap(({ chunks }) => chunks), ...indexed] };
}
