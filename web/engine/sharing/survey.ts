import type { RelaySwarm } from '../../../shared/engine/relay-client.ts';
import type { ChunkRows } from '../../../shared/format/manifest-types.ts';
import type { ChunkId } from '../../../shared/ids.ts';
import { MAX_CHUNKS_SURVEYED, MAX_LOCATE_IDS, REPLICAS } from '../../../shared/limits.ts';
import type { FileSurvey } from './sharing-contract.ts';

/** Who holds a file's chunks; of a very large file, of a sample spread over it. Throws as `locate`. */
export async function surveyRows(
  rows: ChunkRows,
  swarm: Pick<RelaySwarm, 'locate'>,
  signal: AbortSignal,
): Promise<FileSurvey> {
  const chunksAsked = Math.min(rows.length, MAX_CHUNKS_SURVEYED);
  let fewestCopies: number = REPLICAS;
  for (let first = 0; first < chunksAsked; first += MAX_LOCATE_IDS) {
    const ids = new Set<ChunkId>();
    for (let i = first; i < Math.min(first + MAX_LOCATE_IDS, chunksAsked); i++)
      ids.add((await rows.at(Math.floor((i * rows.length) / chunksAsked))).id);
    for (const relays of await swarm.locate([...ids], signal))
      fewestCopies = Math.min(fewestCopies, relays.length);
  }
  return { fewestCopies, chunksAsked, chunkCount: rows.length };
}
