/**
 * A device's key under a passphrase. PBKDF2-HMAC-SHA-256, which WebCrypto has: argon2id would resist graphics cards better, for a library
 * that every start had to load and trust.
 */
import { utf8 } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { MAX_PASSPHRASE_CHARS, MIN_PASSPHRASE_CHARS, PASSPHRASE_ITERATIONS } from '../limits.ts';
import { importDeviceKey, unwrapSecret, wrapSecret } from './device-key.ts';
import type { WrappedSecret } from './device-key.ts';
import { randomBytes } from './random.ts';

const KEY_BYTES = 32;
const SALT_BYTES = 16;
const CONTEXT = 'device key';

/** A device key as it lies on the disk: nobody opens it without the passphrase. */
export interface LockedKey {
  /** 16 random bytes; tells one locked key from another as well. */
  readonly salt: Bytes;
  readonly iterations: number;
  readonly key: WrappedSecret;
}

/** Makes a device key that only `passphrase` opens. Throws `BAD_INPUT` when that is too short or too long. */
export async function createLockedKey(
  passphrase: string,
): Promise<{ readonly deviceKey: CryptoKey; readonly locked: LockedKey }> {
  const { length } = normalized(passphrase);
  if (length < MIN_PASSPHRASE_CHARS || length > MAX_PASSPHRASE_CHARS) {
    throw new AppError(
      'BAD_INPUT',
      `A passphrase has ${MIN_PASSPHRASE_CHARS} to ${MAX_PASSPHRASE_CHARS} characters.`,
    );
  }
  const salt = randomBytes(SALT_BYTES);
  const iterations = PASSPHRASE_ITERATIONS;
  const raw = randomBytes(KEY_BYTES);
  try {
    const key = await wrapSecret(raw, await deriveKey(passphrase, salt, iterations), CONTEXT);
    return { deviceKey: await importDeviceKey(raw), locked: { salt, iterations, key } };
  } finally {
    raw.fill(0);
  }
}

/** The device key, which nobody can export. Throws `FORBIDDEN` for another passphrase. */
export async function openLockedKey(passphrase: string, locked: LockedKey): Promise<CryptoKey> {
  const wrappingKey = await deriveKey(passphrase, locked.salt, locked.iterations);
  let raw: Bytes;
  try {
    raw = await unwrapSecret(locked.key, wrappingKey, CONTEXT);
  } catch (cause) {
    throw new AppError('FORBIDDEN', 'This is not the passphrase.', { cause });
  }
  try {
    return await importDeviceKey(raw);
  } finally {
    raw.fill(0);
  }
}

/** The same characters, however a keyboard composes them. */
function normalized(passphrase: string): string {
  return passphrase.normalize('NFKC');
}

async function deriveKey(passphrase: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', utf8(normalized(passphrase)), 'PBKDF2', false, [
    'deriveKey',
  ]);
  const kdf = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
  return crypto.subtle.deriveKey(kdf, material, { name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
}
