/** Distinguished encoding rules (ITU-T X.690), as far as a certificate takes them; written only, never read. */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

export const sequence = (...items: readonly Uint8Array[]): Buffer => tlv(TAG.sequence, ...items);
export const set = (...items: readonly Uint8Array[]): Buffer => tlv(TAG.set, ...items);
export const utf8String = (text: string): Buffer => tlv(TAG.utf8String, Buffer.from(text));
export const octetString = (...content: readonly Uint8Array[]): Buffer => tlv(TAG.octetString, ...content);
export const TRUE = tlv(TAG.boolean, Buffer.of(0xff));

/** Big-endian, positive. */
export function integer(value: Uint8Array): Buffer {
  const isNegative = ((value[0] ?? 0) & 0x80) !== 0;
  return isNegative ? tlv(TAG.integer, Buffer.of(0), value) : tlv(TAG.integer, value);
}

/** `unusedBits`: of the last byte, from its lowest. */
export function bitString(bits: Uint8Array, unusedBits = 0): Buffer {
  return tlv(TAG.bitString, Buffer.of(unusedBits), bits);
}

/** Dotted decimal. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tlv(TAG.objectId, Buffer.from(bytes));
}

/** In seconds; by RFC 5280 §4.1.2.5 the year has two digits until 2049. */
export function time(wallTimeMs: number): Buffer {
  const text = `${new Date(wallTimeMs).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')}Z`;
  return new Date(wallTimeMs).getUTCFullYear() < 2050
    ? tlv(TAG.utcTime, Buffer.from(text.slice(2)))
    : tlv(TAG.generalizedTime, Buffer.from(text));
}

/** `[number] IMPLICIT` of a type with no parts. */
export function contextPrimitive(number: number, content: Uint8Array): Buffer {
  return tlv(CONTEXT | number, content);
}

/** `[number]` around what has parts: `EXPLICIT` of one value, or `IMPLICIT` of a sequence of them. */
export function contextConstructed(number: number, ...items: readonly Uint8Array[]): Buffer {
  return tlv(CONTEXT | CONSTRUCTED | number, ...items);
}

function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content]);
}

function lengthOf(size: number): Buffer {
  if (size < 0x80) return Buffer.of(size);
  const bytes: number[] = [];
  for (let left = size; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.of(0x80 | bytes.length, ...bytes);
}
