import type { ManifestId } from '../../shared/ids.ts';
import type { LinkChunk, LocalStores } from './local-stores.ts';

/** Chunks of all that leads to a file: of its links, and of its publications. */
export async function linkChunksOf(
  manifestId: ManifestId,
  { shares, publications }: Pick<LocalStores, 'shares' | 'publications'>,
): Promise<readonly LinkChunk[]> {
  const published = (await publications.list()).filter((each) => each.manifestId === manifestId);
  return [...((await shares.get(manifestId))?.chunks ?? []), ...published.flatMap(({ chunks }) => chunks)];
}
