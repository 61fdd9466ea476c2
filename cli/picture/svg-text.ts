/** Text in SVG: escaped, and measured by eye, since there is no font here to ask. */
import { graphemes, safeName } from '../../shared/safe-name.ts';

/** What XML cannot hold, not even as a reference, besides what no name may keep. */
const NOT_XML = /[\p{Cs}\ufffe\uffff]/gu;
const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Scripts whose characters are as wide as high, and emoji. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Extended_Pictographic}\uff00-\uffef]/u;
const WIDE_EM = 1.05;
const NARROW_EM = 0.56;

/** Safe in an element and in a quoted attribute, and no disguise. */
export function xml(text: string): string {
  return safeName(text)
    .replaceAll(NOT_XML, '\ufffd')
    .replaceAll(/[&<>"']/g, (character) => REFERENCES[character] ?? '');
}

/** About how wide the text is at this size. */
export function textWidth(text: string, fontSize: number): number {
  return graphemes(text).reduce((sum, part) => sum + (WIDE.test(part) ? WIDE_EM : NARROW_EM) * fontSize, 0);
}

/** A line of text, of the class that gives it its colour. */
export function svgText(
  line: string,
  at: { readonly x: number; readonly y: number },
  look: string,
  attributes: Readonly<Record<string, string | number>>,
): string {
  const more = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
  return `<text class="${look}" x="${px(at.x)}" y="${px(at.y)}"${more.join('')}>${xml(line)}</text>`;
}

/** One decimal is finer than any screen. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
