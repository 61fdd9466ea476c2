/** Names come from others: they are shown as text, with what could disguise them made visible, and cut in the middle when long. */

/** Controls, format characters (bidirectional overrides, zero-width), line and paragraph separators. */
const HARMFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** Needed inside emoji and some scripts, and harmless: zero-width joiner and non-joiner. */
const JOINERS = new Set(['\u200c', '\u200d']);

/** The name with every character that could disguise it replaced by U+FFFD. */
export function safeName(name: string): string {
  return name.replace(HARMFUL, (character) => (JOINERS.has(character) ? character : '\ufffd'));
}

/** What a reader takes for one character each. */
export function graphemes(text: string): string[] {
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
