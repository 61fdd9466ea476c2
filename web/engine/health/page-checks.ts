import type { RelaySwarm } from '../../../shared/engine/relay-client.ts';
import type { Manifest } from '../../../shared/format/manifest-types.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import { lazily } from '../lazily.ts';
import type { FileChecks } from './health-contract.ts';

/** Loaded with the first check. */
const loadDistribution = lazily(() => import('../../../shared/engine/distribution.ts'));

export interface PageChecksOptions {
  /** Of a file that is listed or open, wherever its manifest is. */
  readonly manifestOf: (id: ManifestId, signal: AbortSignal) => Promise<Manifest>;
  readonly swarm: Pick<RelaySwarm, 'members' | 'locate'>;
}

export function createPageChecks({ manifestOf, swarm }: PageChecksOptions): FileChecks {
  return {
    async distribution(manifestId, signal, onProgress) {
      const [{ readDistribution }, { rows }] = await Promise.all([
        loadDistribution(),
        manifestOf(manifestId, signal),
      ]);
      const question = { rows, swarm };
      return readDistribution(onProgress === undefined ? question : { ...question, onProgress }, signal);
    },
  };
}
