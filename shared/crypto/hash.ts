/** SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104). */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import type { Bytes } from '../bytes.ts';
import { defaultBackend, unshared } from './backend.ts';
import type { Backend } from './backend.ts';

export async function sha256(data: Uint8Array, backend: Backend = defaultBackend()): Promise<Bytes> {
  if (backend === 'noble') return sha256Sync(data);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', unshared(data)));
}

/** For short inputs, where a promise costs more than the hash: about 45 MiB/s. */
export function sha256Sync(data: Uint8Array): Bytes {
  return nobleSha256(data);
}

export interface Hasher {
  update(data: Uint8Array): void;
  /** The hash of all updates; nothing may follow it. */
  digest(): Bytes;
}

/** SHA-256 over a stream: WebCrypto has no incremental hash, so this is `@noble` in every context. */
export function createSha256(): Hasher {
  const hash = nobleSha256.create();
  return {
    update(data) {
      hash.update(data);
    },
    digest: () => hash.digest(),
  };
}

/** For short inputs where a promise comes too late. */
export function hmacSha256Sync(key: Uint8Array, data: Uint8Array): Bytes {
  return hmac(nobleSha256, key, data);
}

export async function hmacSha256(
  key: Uint8Array,
  data: Uint8Array,
  backend: Backend = defaultBackend(),
): Promise<Bytes> {
  if (backend === 'noble') return hmac(nobleSha256, key, data);
  const hmacKey = await crypto.subtle.importKey(
    'raw',
    unshared(key),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  return new Uint8Array(await crypto.subtle.sign('HMAC', hmacKey, unshared(data)));
}
