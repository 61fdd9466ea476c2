import type { RelaySwarm } from '../../../shared/engine/relay-client.ts';
import type { LocalStores } from '../local-stores.ts';
import type { FileChecks } from './health-contract.ts';

/** Loaded with the first check. */
const loadDistribution = () => import('../../../shared/engine/distribution.ts');

export interface PageChecksOptions {
  readonly stores: Pick<LocalStores, 'files'>;
  readonly swarm: Pick<RelaySwarm, 'members' | 'locate'>;
}

export function createPageChecks({ stores, swarm }: PageChecksOptions): FileChecks {
  return {
    async distribution(manifestId, signal, onProgress) {
      const [{ readDistribution }, { rows }] = await Promise.all([
        loadDistribution(),
        stores.files.manifest(manifestId),
      ]);
      const question = { rows, swarm };
      return readDistribution(onProgress === undefined ? question : { ...question, onProgress }, signal);
    },
  };
}
