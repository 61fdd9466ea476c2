import type { FileDistribution } from '../../shared/engine/distribution.ts';
import type { Durability } from '../../shared/engine/durability.ts';
import { REPLICAS } from '../../shared/limits.ts';
import { plural } from '../text.ts';

/** What may fail before a file is lost, in a sentence or two that follow its name. */
export function verdict(state: Durability, { chunkCount }: FileDistribution, word: 'relay' | 'node'): string {
  const { spareRelays, spareHosts, lost, short } = state;
  if (chunkCount === 0) return 'an empty file, which nobody has to hold.';
  if (spareRelays === null || spareHosts === null)
    return `${plural(lost, 'chunk')} on no ${word} that answers. Start what holds them.`;
  const relays =
    spareRelays === 0
      ? `one ${word} failing may cost parts of it`
      : `any ${plural(spareRelays, word)} may fail`;
  const hosts =
    word === 'node' || spareRelays === 0
      ? ''
      : spareHosts === 0
        ? ', but no machine: all copies of some chunks are on the same one'
        : `, or any ${plural(spareHosts, 'machine')}`;
  const missing =
    short > 0 ? ` ${plural(short, 'chunk has', 'chunks have')} fewer than ${REPLICAS} copies.` : '';
  return `${relays}${hosts}.${missing}`;
}
