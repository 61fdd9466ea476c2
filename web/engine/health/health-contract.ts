/** What the app's state layer sees of where a file lies. */
import type { FileDistribution } from '../../../shared/engine/distribution.ts';
import type { ManifestId } from '../../../shared/ids.ts';

export interface FileChecks {
  /**
   * Asks the swarm who holds the chunks of a file that is listed or open; `onProgress` is told how many have been answered for.
   * Throws `NOT_FOUND`, `UNAVAILABLE`, `TIMEOUT`, `NO_SESSION`, `CORRUPT`, `ABORTED`.
   */
  distribution(
    manifestId: ManifestId,
    signal: AbortSignal,
    onProgress?: (done: number, total: number) => void,
  ): Promise<FileDistribution>;
}
