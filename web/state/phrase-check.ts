/** Whether somebody has written the 24 words down: a few of them are asked for. */

/** How many. */
const ASKED = 3;

/** Numbers of the words to ask for, from 1, in order; `random` gives a number from 0 to below 1. */
export function wordsToAsk(wordCount: number, random: () => number = Math.random): number[] {
  const left = Array.from({ length: wordCount }, (_, i) => i + 1);
  const asked: number[] = [];
  while (asked.length < ASKED && left.length > 0)
    asked.push(...left.splice(Math.floor(random() * left.length), 1));
  return asked.sort((a, b) => a - b);
}

/** The first of `asked` that was not typed as it stands in the phrase; null if all are right. */
export function firstWrong(
  phrase: string,
  asked: readonly number[],
  typed: readonly string[],
): number | null {
  const words = phrase.split(' ');
  return asked.find((number, i) => normal(typed[i] ?? '') !== words[number - 1]) ?? null;
}

/** What is typed of a phrase, as far as it is typed. */
export interface TypedPhrase {
  readonly words: readonly string[];
  /** Numbers of complete words that no phrase has, from 1. */
  readonly unknown: readonly number[];
  /** What the word that is being typed may become. */
  readonly completions: readonly string[];
}

/** Words that are offered at once. */
const MAX_COMPLETIONS = 5;

/** `known`: all words that a phrase can have, in the order of the alphabet. */
export function readTyped(text: string, known: readonly string[]): TypedPhrase {
  const words = text.split(/\s+/u).map(normal).filter(Boolean);
  const isTyping = words.length > 0 && !/\s$/u.test(text);
  const set = new Set(known);
  const last = words.at(-1) ?? '';
  const completions = isTyping ? known.filter((word) => word.startsWith(last) && word !== last) : [];
  const unknown = words.flatMap((word, i) => {
    const mayGrow = isTyping && i === words.length - 1 && completions.length > 0;
    return set.has(word) || mayGrow ? [] : [i + 1];
  });
  return { words, unknown, completions: completions.slice(0, MAX_COMPLETIONS) };
}

/** `text` with its last word completed, ready for the next. */
export function completed(text: string, word: string): string {
  return `${text.replace(/\S+$/u, '')}${word} `;
}

function normal(word: string): string {
  return word.trim().normalize('NFKD').toLowerCase();
}
