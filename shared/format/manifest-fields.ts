/** What each field of a `lanvault/1` manifest may hold. Every function throws `CORRUPT` with the field's name. */
import { fromBase64Url, toBase64Url } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { COMPRESSIONS } from '../codec/compression.ts';
import { FERNET_KEY_BYTES } from '../crypto/fernet.ts';
import { AppError } from '../errors.ts';
import { isId } from '../ids.ts';
import type { ChunkId } from '../ids.ts';
import { BLOCK_BYTES, MAX_CHUNKS_PER_FILE, MAX_MEDIA_TYPE_CHARS } from '../limits.ts';
import { assertFilename } from './filename.ts';
import type { ChunkRow, ManifestHeader } from './manifest-types.ts';

export const MANIFEST_FORMAT = 'lanvault/1';

/** Values by field name; a field that is an object or array is undefined here. */
export type Fields = ReadonlyMap<string, unknown>;

export const HEADER_FIELDS: ReadonlySet<string> = new Set([
  'format',
  'filename',
  'type',
  'size',
  'created',
  'block_size',
  'key',
  'merkle_root',
]);
export const ROW_FIELDS: ReadonlySet<string> = new Set(['index', 'id', 'size', 'compression']);

/** RFC 6838 §4.2 restricted names, with parameters that need no quoting. */
const MEDIA_TYPE =
  /^[A-Za-z0-9][\w!#$&^.+-]{0,126}\/[A-Za-z0-9][\w!#$&^.+-]{0,126}(?:; ?[\w!#$&^.+-]+=[\w!#$&^.+-]+)*$/;
const TIMESTAMP = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;
/** 32 bytes, base64url with its one `=`. */
const KEY_CHARS = 44;

/** Throws `UNSUPPORTED` for another major version, `CORRUPT` for what is no version at all. */
export function assertFormat(value: unknown): void {
  if (value === MANIFEST_FORMAT) return;
  if (typeof value === 'string' && /^lanvault\/\d{1,9}$/.test(value)) {
    throw new AppError(
      'UNSUPPORTED',
      'The manifest was made by a newer version of Lanvault. Update to open it.',
    );
  }
  throw new AppError('CORRUPT', 'This is not a Lanvault manifest.');
}

export function headerFrom(fields: Fields): ManifestHeader {
  assertFormat(fields.get('format'));
  if (fields.get('block_size') !== BLOCK_BYTES) {
    throw new AppError('CORRUPT', `The manifest’s block_size is not ${BLOCK_BYTES}.`);
  }
  const header: ManifestHeader = {
    filename: text(fields, 'filename'),
    type: text(fields, 'type'),
    size: wholeNumber(fields, 'size'),
    created: text(fields, 'created'),
    key: keyFrom(text(fields, 'key')),
    merkleRoot: text(fields, 'merkle_root'),
  };
  assertHeader(header);
  return header;
}

/** Throws `CORRUPT` for a header that may not stand in a manifest; also before one is written. */
export function assertHeader(header: ManifestHeader): void {
  assertFilename(header.filename);
  if (header.type.length > MAX_MEDIA_TYPE_CHARS || !MEDIA_TYPE.test(header.type)) throw malformed('type');
  if (
    !Number.isSafeInteger(header.size) ||
    header.size < 0 ||
    header.size > MAX_CHUNKS_PER_FILE * BLOCK_BYTES
  ) {
    throw malformed('size');
  }
  if (!isTimestamp(header.created)) throw malformed('created');
  if (header.key.length !== FERNET_KEY_BYTES) throw malformed('key');
  if (!isId(header.merkleRoot)) throw malformed('merkle_root');
}

/** Throws `CORRUPT`; whether the row fits the ones before it is the table's to say. */
export function rowFrom(fields: Fields): ChunkRow {
  const id = fields.get('id');
  if (!isId(id)) throw malformed('chunk id');
  const name = fields.get('compression');
  const compression = COMPRESSIONS.find((known) => known === name);
  if (compression === undefined) throw malformed('compression');
  return {
    index: wholeNumber(fields, 'index'),
    id: id as ChunkId,
    size: wholeNumber(fields, 'size'),
    compression,
  };
}

/** The header as the manifest's JSON has it, in the order of the design's example. */
export function headerFieldsOf(header: ManifestHeader): Readonly<Record<string, string | number>> {
  return {
    format: MANIFEST_FORMAT,
    filename: header.filename,
    type: header.type,
    size: header.size,
    created: header.created,
    block_size: BLOCK_BYTES,
    key: toBase64Url(header.key),
    merkle_root: header.merkleRoot,
  };
}

function keyFrom(value: string): Bytes {
  if (value.length !== KEY_CHARS) throw malformed('key');
  try {
    return fromBase64Url(value);
  } catch (cause) {
    throw malformed('key', cause);
  }
}

function isTimestamp(value: string): boolean {
  const date = TIMESTAMP.exec(value)?.[1];
  if (date === undefined) return false;
  const time = Date.parse(`${date}T00:00:00Z`);
  // 30 February parses, as 2 March.
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(date);
}

function text(fields: Fields, name: string): string {
  const value = fields.get(name);
  if (typeof value !== 'string') throw malformed(name);
  return value;
}

function wholeNumber(fields: Fields, name: string): number {
  const value = fields.get(name);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw malformed(name);
  return value;
}

function malformed(field: string, cause?: unknown): AppError {
  return new AppError('CORRUPT', `The manifest’s ${field} is missing or malformed.`, { cause });
}
