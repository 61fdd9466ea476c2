/**
 * Fernet (https://github.com/fernet/spec, version 0x80) as raw bytes, without base64:
 * `0x80 ‖ timestamp (8) ‖ IV (16) ‖ AES-128-CBC ciphertext, PKCS#7 ‖ HMAC-SHA256 (32)`.
 * The key is `signing key (16) ‖ encryption key (16)`. The timestamp is written as 0, so that a blob does not tell when
 * it was made; any timestamp is read, since the MAC covers it and Lanvault gives tokens no lifetime.
 */
import { cbc } from '@noble/ciphers/aes.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { discard, equalBytes } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { FERNET_OVERHEAD_BYTES } from '../limits.ts';
import { defaultBackend, unshared } from './backend.ts';
import type { Backend } from './backend.ts';

export const FERNET_KEY_BYTES = 32;
export const FERNET_IV_BYTES = 16;

const VERSION = 0x80;
const IV_OFFSET = 9;
const CIPHERTEXT_OFFSET = IV_OFFSET + FERNET_IV_BYTES;
const MAC_BYTES = 32;
const AES_BLOCK_BYTES = 16;
const HALF_KEY_BYTES = FERNET_KEY_BYTES / 2;
const MIN_TOKEN_BYTES = FERNET_OVERHEAD_BYTES + AES_BLOCK_BYTES;

/** Bytes of the token for so much plaintext: PKCS#7 always pads, by 1 to 16. */
export function fernetTokenLength(plaintextBytes: number): number {
  return FERNET_OVERHEAD_BYTES + plaintextBytes - (plaintextBytes % AES_BLOCK_BYTES) + AES_BLOCK_BYTES;
}

/** The token for `plaintext`. Throws `BAD_INPUT` for a key other than 32 and an IV other than 16 bytes. */
export async function fernetEncrypt(
  plaintext: Uint8Array,
  key: Uint8Array,
  iv: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  const token = new Uint8Array(fernetTokenLength(plaintext.length));
  await fernetEncryptInto(token, plaintext, key, iv, backend);
  return token;
}

/**
 * Writes the token into `token`, which holds zeros and is `fernetTokenLength(plaintext.length)` bytes: a caller that
 * frames the token needs no second copy. Throws `BAD_INPUT` for other lengths of it, the key or the IV.
 */
export async function fernetEncryptInto(
  token: Bytes,
  plaintext: Uint8Array,
  key: Uint8Array,
  iv: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<void> {
  assertKey(key);
  if (iv.length !== FERNET_IV_BYTES) throw new AppError('BAD_INPUT', 'A Fernet IV is 16 bytes.');
  if (token.length !== fernetTokenLength(plaintext.length)) {
    throw new AppError('BAD_INPUT', 'The room for a Fernet token has another size than the token.');
  }
  const signed = token.subarray(0, token.length - MAC_BYTES);
  token[0] = VERSION;
  token.set(iv, IV_OFFSET);
  if (backend === 'noble') {
    token.set(cbc(encryptionKey(key), iv).encrypt(plaintext), CIPHERTEXT_OFFSET);
    token.set(hmac(sha256, signingKey(key), signed), signed.length);
    return;
  }
  const { aes, mac } = await importKeys(key);
  const algorithm = { name: 'AES-CBC', iv: unshared(iv) };
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(algorithm, aes, unshared(plaintext)));
  token.set(ciphertext, CIPHERTEXT_OFFSET);
  discard(ciphertext);
  token.set(new Uint8Array(await crypto.subtle.sign('HMAC', mac, signed)), signed.length);
}

/**
 * The plaintext of a token, in a buffer of its own. The MAC is compared in constant time before anything is decrypted.
 * Throws `CORRUPT`, the same for every kind of damage and for another key; `BAD_INPUT` unless the key is 32 bytes.
 */
export async function fernetDecrypt(
  token: Uint8Array,
  key: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  assertKey(key);
  if (
    token.length < MIN_TOKEN_BYTES ||
    (token.length - MIN_TOKEN_BYTES) % AES_BLOCK_BYTES !== 0 ||
    token[0] !== VERSION
  ) {
    throw corrupt();
  }
  const signed = token.subarray(0, token.length - MAC_BYTES);
  const mac = token.subarray(token.length - MAC_BYTES);
  const iv = token.subarray(IV_OFFSET, CIPHERTEXT_OFFSET);
  const ciphertext = signed.subarray(CIPHERTEXT_OFFSET);
  if (backend === 'noble') {
    if (!equalBytes(hmac(sha256, signingKey(key), signed), mac)) throw corrupt();
    return decryptWithNoble(ciphertext, key, iv);
  }
  const keys = await importKeys(key);
  if (!(await crypto.subtle.verify('HMAC', keys.mac, unshared(mac), unshared(signed)))) throw corrupt();
  return decryptWithWebCrypto(ciphertext, keys.aes, iv);
}

function decryptWithNoble(ciphertext: Uint8Array, key: Uint8Array, iv: Uint8Array): Bytes {
  try {
    return cbc(encryptionKey(key), iv).decrypt(ciphertext).slice();
  } catch (cause) {
    throw corrupt(cause);
  }
}

async function decryptWithWebCrypto(ciphertext: Uint8Array, key: CryptoKey, iv: Uint8Array): Promise<Bytes> {
  try {
    const algorithm = { name: 'AES-CBC', iv: unshared(iv) };
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, unshared(ciphertext)));
  } catch (cause) {
    // Only a key holder can get here: a valid MAC over wrong padding.
    throw corrupt(cause);
  }
}

function corrupt(cause?: unknown): AppError {
  return new AppError('CORRUPT', 'The data does not decrypt: it is damaged, or the key is another.', {
    cause,
  });
}

function assertKey(key: Uint8Array): void {
  if (key.length !== FERNET_KEY_BYTES) throw new AppError('BAD_INPUT', 'A Fernet key is 32 bytes.');
}

const signingKey = (key: Uint8Array): Uint8Array => key.subarray(0, HALF_KEY_BYTES);
const encryptionKey = (key: Uint8Array): Uint8Array => key.subarray(HALF_KEY_BYTES);

async function importKeys(key: Uint8Array): Promise<{ aes: CryptoKey; mac: CryptoKey }> {
  const [aes, mac] = await Promise.all([
    crypto.subtle.importKey('raw', unshared(encryptionKey(key)), 'AES-CBC', false, ['encrypt', 'decrypt']),
    crypto.subtle.importKey('raw', unshared(signingKey(key)), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
      'verify',
    ]),
  ]);
  return { aes, mac };
}
