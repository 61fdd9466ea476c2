import { describe, expect, it } from 'vitest';
import { completed, firstWrong, readTyped, wordsToAsk } from '../../../../web/state/phrase-check.ts';

const KNOWN = ['abandon', 'ability', 'able', 'zoo'];

describe('whether the words are written down', () => {
  it('asks for three different words, in order', () => {
    const low = wordsToAsk(24, () => 0);
    expect(low).toEqual([1, 2, 3]);
    const high = wordsToAsk(24, () => 0.999);
    expect(high).toEqual([22, 23, 24]);
    for (let i = 0; i < 50; i++) {
      const asked = wordsToAsk(24);
      expect(new Set(asked).size).toBe(3);
      expect(asked.every((number) => number >= 1 && number <= 24)).toBe(true);
    }
  });

  it('names the first that is wrong; case and spaces do not count', () => {
    const phrase = 'abandon ability able zoo';
    expect(firstWrong(phrase, [1, 3, 4], [' Abandon', 'ABLE ', 'zoo'])).toBeNull();
    expect(firstWrong(phrase, [1, 3, 4], ['abandon', 'zoo', 'zoo'])).toBe(3);
    expect(firstWrong(phrase, [2], [])).toBe(2);
  });
});

describe('words that are being typed', () => {
  it('are completed while they may become words of the list', () => {
    expect(readTyped('zoo ab', KNOWN)).toEqual({
      ...{ words: ['zoo', 'ab'], unknown: [], completions: ['abandon', 'ability', 'able'] },
    });
    expect(completed('zoo  ab', 'able')).toBe('zoo  able ');
  });

  it('are unknown once they are complete, or can become none', () => {
    expect(readTyped('ab zoo\nzot', KNOWN)).toMatchObject({ unknown: [1, 3], completions: [] });
    expect(readTyped('Zoo ab ', KNOWN)).toMatchObject({ words: ['zoo', 'ab'], unknown: [2] });
    expect(readTyped('  ', KNOWN)).toEqual({ words: [], unknown: [], completions: [] });
  });
});
