/** File names come from others: they are shown as text, made harmless, and cut in the middle when long. */
import { graphemes, safeName } from '../../../shared/safe-name.ts';

export { middleEllipsis, safeName } from '../../../shared/safe-name.ts';

const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
/** Characters kept at the end of a cut name, extension included. */
const TAIL_LENGTH = 10;

export interface DisplayName {
  /** Folder path with its final `/`, or empty. */
  readonly folder: string;
  /** The part that gives way when there is little room. */
  readonly start: string;
  /** The part that stays: the end of the stem and the extension. */
  readonly end: string;
  /** Folder and name in full. */
  readonly full: string;
}

/** Splits a name for display, between graphemes. Right-to-left names are not split: they would read jumbled. */
export function displayName(name: string): DisplayName {
  const full = safeName(name);
  const slash = full.lastIndexOf('/', full.length - 2);
  const folder = full.slice(0, slash + 1);
  const base = full.slice(slash + 1);
  const characters = graphemes(base);
  if (characters.length <= TAIL_LENGTH * 2 || RIGHT_TO_LEFT.test(base)) {
    return { folder, start: base, end: '', full };
  }
  const cut = characters.length - TAIL_LENGTH;
  return { folder, start: characters.slice(0, cut).join(''), end: characters.slice(cut).join(''), full };
}
