/** What the catalog says of itself. */
import type { LoosePublication } from '../../state/engine-types.ts';

export const LOOSE_WORDS: Readonly<Record<LoosePublication['state'], string>> = {
  publishing: 'Publishing it was cut off: others may see it already. Publish it again, or take it back.',
  unpublishing:
    'It is being taken out of the catalog. Until relays have heard of it, others may still see it.',
  missing: 'No relay lists it any more. Publish it again, or take it back for good.',
};

/** How many entries are shown, of how many found. */
export function countWords(found: number, truncated: boolean): string {
  const files = `${found.toLocaleString()} ${found === 1 ? 'file' : 'files'}`;
  return truncated ? `The first ${files}: search for a name to find others` : files;
}
