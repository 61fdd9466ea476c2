/**
 * A vault's secret as 24 words to write down: BIP-39, English, 256 bits of entropy and 8 of checksum
 * (https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki). The word list is loaded when it is first needed.
 */
import type { Bytes } from '../bytes.ts';
import { VAULT_SECRET_BYTES } from '../crypto/kdf.ts';
import { AppError } from '../errors.ts';

export const RECOVERY_WORDS = 24;

/** Characters of a wrong word that an error repeats. */
const MAX_QUOTED_CHARS = 20;

/** 24 words, one space between. Throws `BAD_INPUT` unless the secret is 32 bytes. */
export async function toRecoveryPhrase(vaultSecret: Uint8Array): Promise<string> {
  if (vaultSecret.length !== VAULT_SECRET_BYTES)
    throw new AppError('BAD_INPUT', `A vault secret is ${VAULT_SECRET_BYTES} bytes.`);
  const { bip39, words } = await loadBip39();
  return bip39.entropyToMnemonic(vaultSecret, words);
}

/**
 * The vault's secret, 32 bytes. Case and white space do not count. Throws `BAD_INPUT` that says what is wrong: how many words there
 * are, the first word that is not in the list and its place, or that the words do not belong together.
 */
export async function parseRecoveryPhrase(text: string): Promise<Bytes> {
  const typed = text.normalize('NFKD').toLowerCase().split(/\s+/u).filter(Boolean);
  if (typed.length !== RECOVERY_WORDS)
    throw new AppError(
      'BAD_INPUT',
      `A recovery phrase has ${RECOVERY_WORDS} words, these are ${typed.length}.`,
    );
  const { bip39, words } = await loadBip39();
  const known = new Set(words);
  for (const [index, word] of typed.entries()) {
    if (known.has(word)) continue;
    const quoted = word.slice(0, MAX_QUOTED_CHARS).replaceAll(/[\p{Cc}\p{Cf}]/gu, '�');
    throw new AppError(
      'BAD_INPUT',
      `Word ${index + 1}, “${quoted}”, is not in the list. Check its spelling.`,
      {
        details: { word: index + 1 },
      },
    );
  }
  try {
    return Uint8Array.from(bip39.mnemonicToEntropy(typed.join(' '), words));
  } catch {
    // Every word is known, so it is the checksum; the library's message would say no more, and nobody shall see the words.
    throw new AppError(
      'BAD_INPUT',
      'These words do not belong together: one is wrong, or two are swapped. Compare them with what you wrote down.',
    );
  }
}

/** All 2048 words that a phrase can have, in the order of the alphabet. */
export async function recoveryWords(): Promise<readonly string[]> {
  return (await loadBip39()).words;
}

async function loadBip39() {
  const [bip39, { wordlist: words }] = await Promise.all([
    import('@scure/bip39'),
    import('@scure/bip39/wordlists/english.js'),
  ]);
  return { bip39, words };
}
