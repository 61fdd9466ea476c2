/**
 * Everything that a vault's 32-byte secret gives: HKDF-SHA256 (RFC 5869) with salt `lanvault/1` and one label per use,
 * so that no derived key tells anything about the secret or about another.
 */
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8 } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { defaultBackend, unshared } from './backend.ts';
import type { Backend } from './backend.ts';

export const VAULT_SECRET_BYTES = 32;
/** Device ids and publication ids: random, fixed in length so that no two labels run into each other. */
export const DERIVATION_ID_BYTES = 16;

const VAULT_SALT = utf8('lanvault/1');
const DERIVED_BYTES = 32;
/** RFC 5869 §2.3. */
const MAX_OUTPUT_BYTES = 255 * 32;

export interface HkdfInput {
  readonly secret: Uint8Array;
  readonly salt: Uint8Array;
  readonly info: Uint8Array;
  /** Bytes wanted, 1 to 8160. */
  readonly lengthBytes: number;
}

/** HKDF-SHA256, extract and expand. Throws `BAD_INPUT` for a length that RFC 5869 does not give. */
export async function hkdfSha256(
  { secret, salt, info, lengthBytes }: HkdfInput,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  if (!Number.isInteger(lengthBytes) || lengthBytes < 1 || lengthBytes > MAX_OUTPUT_BYTES) {
    throw new AppError('BAD_INPUT', `HKDF gives 1 to ${MAX_OUTPUT_BYTES} bytes.`);
  }
  if (backend === 'noble') return hkdf(sha256, secret, salt, info, lengthBytes);
  const key = await crypto.subtle.importKey('raw', unshared(secret), 'HKDF', false, ['deriveBits']);
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt: unshared(salt), info: unshared(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, lengthBytes * 8));
}

/** The key under which one device's delete tokens are made: label `delete` ‖ device id (16 bytes). 32 bytes. */
export function deriveDeleteKey(
  vaultSecret: Uint8Array,
  deviceId: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  return derive(vaultSecret, 'delete', deviceId, backend);
}

/** Ed25519 seed of one publication: label `publish` ‖ publication id (16 bytes); one each, so that uploads cannot be linked. */
export function derivePublishSeed(
  vaultSecret: Uint8Array,
  publicationId: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  return derive(vaultSecret, 'publish', publicationId, backend);
}

/** Ed25519 seed that signs the list of the vault's devices: label `index`. */
export function deriveIndexSeed(
  vaultSecret: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  return derive(vaultSecret, 'index', null, backend);
}

/** The same for its second copy: label `index copy`. */
export function deriveIndexCopySeed(
  vaultSecret: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  return derive(vaultSecret, 'index copy', null, backend);
}

/** Ed25519 seed that signs where one device's index lies: label `index` ‖ device id (16 bytes). */
export function deriveDeviceIndexSeed(
  vaultSecret: Uint8Array,
  deviceId: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  return derive(vaultSecret, 'index', deviceId, backend);
}

/** Fernet key of what those records say: label `index seal`. */
export function deriveIndexSealKey(
  vaultSecret: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  return derive(vaultSecret, 'index seal', null, backend);
}

async function derive(
  vaultSecret: Uint8Array,
  label: string,
  id: Uint8Array | null,
  backend: Backend,
): Promise<Bytes> {
  if (vaultSecret.length !== VAULT_SECRET_BYTES) {
    throw new AppError('BAD_INPUT', `A vault secret is ${VAULT_SECRET_BYTES} bytes.`);
  }
  if (id !== null && id.length !== DERIVATION_ID_BYTES) {
    throw new AppError('BAD_INPUT', `A device id or publication id is ${DERIVATION_ID_BYTES} bytes.`);
  }
  const info = id === null ? utf8(label) : concatBytes(utf8(label), id);
  return hkdfSha256({ secret: vaultSecret, salt: VAULT_SALT, info, lengthBytes: DERIVED_BYTES }, backend);
}
