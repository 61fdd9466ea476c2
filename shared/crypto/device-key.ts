/**
 * Secrets at rest on one device: AES-256-GCM under a key that the platform keeps and never gives out (WebCrypto,
 * non-extractable, structured-clonable into IndexedDB). There is no noble variant on purpose: a key that the page can
 * read protects nothing, so without a secure context secrets stay in memory.
 */
import { utf8 } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { unshared } from './backend.ts';
import { randomBytes } from './random.ts';

/** NIST SP 800-38D §8.2.2: random IVs of 96 bits; one device wraps far fewer than 2³² secrets. */
const IV_BYTES = 12;

/** A secret as it lies on the device's disk. */
export interface WrappedSecret {
  readonly iv: Bytes;
  /** Ciphertext ‖ tag (16 bytes). */
  readonly data: Bytes;
}

export function createDeviceKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

/** `raw`: 32 bytes. Nobody gets them out of it again. */
export function importDeviceKey(raw: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

/** `context` says what the secret is and whose; unwrapping under another context fails. */
export async function wrapSecret(
  secret: Uint8Array,
  deviceKey: CryptoKey,
  context: string,
): Promise<WrappedSecret> {
  const iv = randomBytes(IV_BYTES);
  const algorithm = { name: 'AES-GCM', iv, additionalData: utf8(context) };
  return { iv, data: new Uint8Array(await crypto.subtle.encrypt(algorithm, deviceKey, unshared(secret))) };
}

/** Throws `CORRUPT` for another key, another context or any changed bit. */
export async function unwrapSecret(
  wrapped: WrappedSecret,
  deviceKey: CryptoKey,
  context: string,
): Promise<Bytes> {
  const algorithm = { name: 'AES-GCM', iv: wrapped.iv, additionalData: utf8(context) };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, deviceKey, wrapped.data));
  } catch (cause) {
    throw new AppError('CORRUPT', 'A secret stored on this device does not open.', { cause });
  }
}
