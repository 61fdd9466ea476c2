import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../../shared/bytes.ts';
import { AppError } from '../../../../shared/errors.ts';
import { parseRecoveryPhrase, toRecoveryPhrase } from '../../../../shared/vault/recovery-phrase.ts';
import { readVectors } from '../support/vectors.ts';

const { phrases } = (await readVectors('bip39')) as { phrases: { entropy: string; phrase: string }[] };
const PHRASE = phrases.at(-1)?.phrase ?? '';

describe('the recovery phrase', () => {
  it.each(phrases)('is BIP-39: $entropy', async ({ entropy, phrase }) => {
    expect(await toRecoveryPhrase(fromHex(entropy))).toBe(phrase);
    expect(toHex(await parseRecoveryPhrase(phrase))).toBe(entropy);
  });

  it('gives every secret back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async (secret) => {
        const phrase = await toRecoveryPhrase(secret);
        expect(phrase.split(' ')).toHaveLength(24);
        expect(await parseRecoveryPhrase(phrase)).toEqual(secret);
      }),
    );
  });

  it('forgives case and white space', async () => {
    const typed = `\n  ${PHRASE.toUpperCase().replaceAll(' ', ' \t\r\n\u00a0')} \n`;
    expect(await parseRecoveryPhrase(typed)).toEqual(await parseRecoveryPhrase(PHRASE));
  });

  it('names the first word that is not in the list, and only that', async () => {
    const words = PHRASE.split(' ');
    words[6] = 'zeebra';
    const error = await failure(words.join(' '));
    expect(error).toMatchObject({ code: 'BAD_INPUT', details: { word: 7 } });
    expect(error.message).toContain('“zeebra”');
    for (const word of PHRASE.split(' ')) expect(error.message.split(/\W+/)).not.toContain(word);
  });

  it('says when words do not belong together, without repeating them', async () => {
    // Of 2048 words in the last place, 8 fit.
    const words = PHRASE.split(' ');
    words[23] = words[23] === 'zoo' ? 'abandon' : 'zoo';
    const error = await failure(words.join(' '));
    expect(error.code).toBe('BAD_INPUT');
    expect(error.message).toContain('do not belong together');
    expect(error.cause).toBeUndefined();
    expect(error.message).not.toContain('zoo');
  });

  it.each([0, 1, 12, 23, 25])('counts: %i words are none', async (count) => {
    const error = await failure(Array.from({ length: count }, () => 'zoo').join(' '));
    expect(error.message).toContain(`these are ${count}`);
  });

  it('throws nothing but BAD_INPUT, whatever is typed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 400 }), async (text) => {
        expect((await failure(text)).code).toBe('BAD_INPUT');
      }),
    );
  });

  it.each([0, 16, 31, 33])('is of 32 bytes, not of %i', async (length) => {
    await expect(toRecoveryPhrase(new Uint8Array(length))).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

async function failure(text: string): Promise<AppError> {
  try {
    await parseRecoveryPhrase(text);
  } catch (cause) {
    if (cause instanceof AppError) return cause;
    throw cause;
  }
  throw new Error('It was taken.');
}
