/**
 * Which implementation computes: WebCrypto in a secure context, `@noble` on plain `http://192.168.…` pages, where
 * `crypto.subtle` does not exist. Both give the same bytes; every function takes the backend last, so that tests force either.
 */
import type { Bytes } from '../bytes.ts';

export type Backend = 'webcrypto' | 'noble';

export const BACKENDS = ['webcrypto', 'noble'] as const satisfies readonly Backend[];

/** The fastest backend that this context has. */
export function defaultBackend(): Backend {
  const { crypto } = globalThis as { crypto?: { subtle?: SubtleCrypto } };
  return crypto?.subtle === undefined ? 'noble' : 'webcrypto';
}

/** WebCrypto refuses shared memory; nothing in Lanvault makes any, so this only tells the compiler. */
export function unshared(data: Uint8Array): Bytes {
  return data as Bytes;
}
