import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';

/** Bytes that one call of `getRandomValues` gives (W3C Web Cryptography §10.1.1). */
const MAX_RANDOM_BYTES = 65_536;

/** `length` bytes from the platform's CSPRNG; it exists without a secure context too. Throws `BAD_INPUT` above 64 KiB. */
export function randomBytes(length: number): Bytes {
  if (!Number.isInteger(length) || length < 0 || length > MAX_RANDOM_BYTES) {
    throw new AppError('BAD_INPUT', 'Between 0 and 65536 random bytes can be asked for.');
  }
  return crypto.getRandomValues(new Uint8Array(length));
}
