/** What the swarm said of a file's copies, without what made it: small enough to be kept for many files. */
import { durability } from '../../shared/engine/durability.ts';
import type { Durability, FileDistribution } from './engine-types.ts';

export interface LiveCheck {
  readonly durability: Durability;
  /** Fewer than `chunkCount` where a very large file was looked at by a sample. */
  readonly chunksAsked: number;
  readonly chunkCount: number;
  /** Live relays that did not answer. */
  readonly silent: number;
}

export function liveCheck(distribution: FileDistribution): LiveCheck {
  const { chunks, chunkCount, silent } = distribution;
  return { durability: durability(distribution), chunksAsked: chunks.length, chunkCount, silent };
}
