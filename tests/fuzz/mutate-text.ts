/** Damage to text in UTF-16, as it is typed, pasted or decoded. */
import type { Random } from './random.ts';

const MAX_GROWN_CHARS = 64 * 1024;

/** What parsers of text trip over. */
export const EDGE_TEXTS: readonly string[] = [
  '',
  ' ',
  '\0',
  '\ud800',
  '\udc00',
  '\ufeff',
  '\u202e',
  '\u0130',
  '\ufdfa',
  '\n',
  '\r\n',
  '%',
  '%zz',
  '%ff',
  '%2e%2e%2f',
  '../',
  '\\',
  '"',
  "'",
  '#',
  '?',
  '=',
  ',',
  ':',
  '-',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'null',
  'NaN',
  'Infinity',
  '-1',
  '1e999',
  '9007199254740993',
  '99999999999999999999',
  '0x10',
  '1'.repeat(400),
  'a'.repeat(5000),
  '('.repeat(300),
  '[[[[[[[[[[[[[[[[',
  '{"a":',
  '\u00e9\u0301\u0301\u0301',
  '💥',
];

/** One of the samples with a few damages, or text that never was anything. */
export function mutatedText(random: Random, samples: readonly string[]): string {
  let text = random.chance(0.04) ? random.pick(EDGE_TEXTS) : random.pick(samples);
  const rounds = 1 + random.skewed(6);
  for (let round = 0; round < rounds; round++) text = mutatedOnce(text, random, samples);
  return text;
}

function mutatedOnce(text: string, random: Random, samples: readonly string[]): string {
  const at = random.below(text.length + 1);
  const head = text.slice(0, at);
  const tail = text.slice(at);
  switch (random.below(9)) {
    case 0:
      return head + String.fromCharCode(random.below(random.pick([0x80, 0x10000]))) + tail.slice(1);
    case 1:
      return head + random.pick(EDGE_TEXTS) + tail;
    case 2:
      return head;
    case 3:
      return tail;
    case 4:
      return head + tail.slice(1 + random.skewed(20));
    case 5:
      return head + random.pick(samples).slice(random.below(text.length + 1));
    case 6:
      return random.chance(0.5)
        ? text.toUpperCase().slice(0, MAX_GROWN_CHARS)
        : head + tail.replace(/\d/, '9');
    case 7: {
      const piece = tail.slice(0, 1 + random.skewed(64)) || ' ';
      const times = Math.min(1 + random.skewed(4000), Math.floor(MAX_GROWN_CHARS / piece.length));
      return head + piece.repeat(times) + tail;
    }
    default:
      return random.chance(0.5)
        ? `${random.pick([' ', '\t', '\n', '\u00a0'])}${text} `
        : head + tail.slice(0, 1) + tail;
  }
}
