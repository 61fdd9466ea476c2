/** Byte helpers that both ends share. All inputs and outputs are plain `Uint8Array`s; nothing here does I/O. */
import { AppError } from './errors.ts';

/** Bytes backed by a transferable `ArrayBuffer` (never a SharedArrayBuffer): what WebCrypto, Blob and transfer take. */
export type Bytes = Uint8Array<ArrayBuffer>;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += HEX[byte] ?? '';
  return hex;
}

/** Decodes lowercase or uppercase hex. Throws `BAD_INPUT` for odd lengths and other characters. */
export function fromHex(hex: string): Bytes {
  if (hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex))
    throw new AppError('BAD_INPUT', 'Not a hex string.');
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

/** base64url (RFC 4648 §5), padded as Fernet has it unless `padding` is false. Meant for keys, not for bodies. */
export function toBase64Url(bytes: Uint8Array, options: { padding?: boolean } = {}): string {
  // Not all in one call: the arguments of a megabyte overflow the stack.
  let latin1 = '';
  for (const byte of bytes) latin1 += String.fromCharCode(byte);
  const text = btoa(latin1).replaceAll('+', '-').replaceAll('/', '_');
  return options.padding === false ? text.replaceAll('=', '') : text;
}

/** Decodes base64url with or without padding. Throws `BAD_INPUT` for anything that is not its canonical form. */
export function fromBase64Url(text: string): Bytes {
  const bare = text.replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9_-]*$/.test(bare) || bare.length % 4 === 1) {
    throw new AppError('BAD_INPUT', 'Not a base64url string.');
  }
  const binary = atob(bare.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  // Several strings decode to the same bytes when the unused low bits are set; only one of them is accepted.
  if (toBase64Url(bytes, { padding: false }) !== bare)
    throw new AppError('BAD_INPUT', 'Not a base64url string.');
  return bytes;
}

export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * Gives memory back now instead of at some garbage collection: at hundreds of MiB a second these come too late, and the
 * heap piles up. Only for whoever owns the bytes; nobody can read them afterwards. A view of part of a buffer is left
 * alone, and so is everything where the platform cannot do it (before Chrome 114, Firefox 122, Safari 17.4).
 */
export function discard(bytes: Bytes): void {
  const buffer: ArrayBuffer & { transfer?(newByteLength: number): ArrayBuffer } = bytes.buffer;
  if (bytes.byteLength === buffer.byteLength) buffer.transfer?.(0);
}

/** Equality in time that depends on the length only, so that it may compare MACs. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

/** An unsigned integer below 2⁵³ as 8 bytes, big-endian. */
export function uint64be(value: number): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
