/**
 * Sealing with a private swarm's key: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), whose 24-byte nonces may be random.
 * It has nothing to do with files: what it hides is who is in the swarm.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { concatBytes } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { randomBytes } from './random.ts';

const NONCE_BYTES = 24;
const TAG_BYTES = 16;
export const SEAL_OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

/** nonce (24) ‖ ciphertext ‖ tag (16). `key`: 32 bytes. */
export function seal(key: Uint8Array, plain: Uint8Array): Bytes {
  const nonce = randomBytes(NONCE_BYTES);
  return concatBytes(nonce, xchacha20poly1305(key, nonce).encrypt(plain));
}

/** The plaintext, or null for anything that was not sealed with this key. */
export function unseal(key: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length < SEAL_OVERHEAD_BYTES) return null;
  try {
    return xchacha20poly1305(key, sealed.subarray(0, NONCE_BYTES)).decrypt(sealed.subarray(NONCE_BYTES));
  } catch {
    // The library has one error for everything that does not verify.
    return null;
  }
}
