/** File names come from others: they are shown as text, made harmless, and cut in the middle when long. */

/** Controls, format characters (bidirectional overrides, zero-width), line and paragraph separators. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** Needed inside emoji and some scripts, and harmless: zero-width joiner and non-joiner. */
const JOINERS = new Set(['\u200c', '\u200d']);
const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;
/** Characters kept at the end of a cut name, extension included. */
const TAIL_LENGTH = 10;

/** The name with every character that could disguise it replaced by U+FFFD. */
export function safeName(name: string): string {
  return name.replace(HARMFUL, (character) => (JOINERS.has(character) ? character : '\ufffd'));
}

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

function graphemes(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), (part) => part.segment);
}

/** For places that cannot give way by themselves, such as a title or a message: at most `max` graphemes. */
export function middleEllipsis(name: string, max: number): string {
  const characters = graphemes(safeName(name));
  if (characters.length <= max) return characters.join('');
  const tail = Math.floor((max - 1) / 2);
  const head = max - 1 - tail;
  return `${characters.slice(0, head).join('')}…${tail === 0 ? '' : characters.slice(-tail).join('')}`;
}
