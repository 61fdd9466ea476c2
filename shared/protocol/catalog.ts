/**
 * The public catalog: signed list entries whose value names a file and carries the capability link of its manifest, so
 * that anyone on the swarm can find and read it. One signer per publication; the signer decides the shard.
 */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { concatBytes, fromBase64Url, fromHex, toBase64Url, toHex, utf8 } from '../bytes.ts';
import { sha256Sync } from '../crypto/hash.ts';
import { AppError } from '../errors.ts';
import { formatLink } from '../format/capability.ts';
import { parseChunkId } from '../ids.ts';
import {
  BLOCK_BYTES,
  CATALOG_SHARDS,
  MAX_CATALOG_NAME_BYTES,
  MAX_CHUNKS_PER_FILE,
  MAX_MEDIA_TYPE_CHARS,
  MAX_RECORD_VALUE_BYTES,
} from '../limits.ts';
import type { ListEntry, RecordKey } from './records.ts';
import { Id, parseJsonWith } from './schemas.ts';

/** What a publication says of itself; its signer may have written anything that keeps to these bounds. */
export interface Publication {
  /** One line of 1 to 255 bytes of UTF-8: no path, no control characters, nothing that turns the direction of text. */
  readonly name: string;
  /** Plaintext bytes of the file. */
  readonly size: number;
  /** Media type. */
  readonly type: string;
  /** ISO 8601, UTC, to the second or finer. */
  readonly created: string;
  /** First chunk of the stored manifest, lowercase hex. */
  readonly manifest: string;
  /** Its Fernet key, base64url without padding: 43 characters. */
  readonly key: string;
}

const TYPE = '^[A-Za-z0-9][A-Za-z0-9_!#$&^.+-]*/[A-Za-z0-9][A-Za-z0-9_!#$&^.+-]*$';
const TIMESTAMP = '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?Z$';

/** Compact, since a record's value has 1 KiB. Fields that are not known are ignored; another `v` is refused. */
const PublicationValue = Type.Object({
  v: Type.Literal(1),
  n: Type.String({ minLength: 1, maxLength: MAX_CATALOG_NAME_BYTES }),
  s: Type.Integer({ minimum: 0, maximum: MAX_CHUNKS_PER_FILE * BLOCK_BYTES }),
  t: Type.String({ maxLength: MAX_MEDIA_TYPE_CHARS, pattern: TYPE }),
  c: Type.String({ maxLength: 30, pattern: TIMESTAMP }),
  i: Id,
  k: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
});

const DEFAULT_TYPE = 'application/octet-stream';

/**
 * Control characters, halves of UTF-16 pairs, line and paragraph separators, path separators, and the invisible ones that
 * turn or reorder text (UAX #9) or glue it together: a name must read as what it is.
 */
const FORBIDDEN_IN_NAME =
  /[\p{Cc}\p{Surrogate}\p{Zl}\p{Zp}/\\\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]/u;
const ALL_FORBIDDEN_IN_NAME = new RegExp(FORBIDDEN_IN_NAME, 'gu');
/** Something to see besides space. */
const VISIBLE = /[^\p{Z}\p{C}\p{M}]/u;

/** The list of one shard: SHA-256(`lanvault/1 catalog` ‖ 0x00 ‖ shard byte). */
export function catalogList(shard: number): RecordKey {
  if (!Number.isInteger(shard) || shard < 0 || shard >= CATALOG_SHARDS)
    throw new AppError('BAD_INPUT', `The catalog has shards 0 to ${CATALOG_SHARDS - 1}.`);
  return toHex(sha256Sync(concatBytes(utf8('lanvault/1 catalog\0'), Uint8Array.of(shard))));
}

/** Where a signer's publication lies; keys are as good as random, so that the shards fill evenly. */
export function catalogShardOf(publicKeyHex: string): number {
  return (fromHex(publicKeyHex)[0] ?? 0) % CATALOG_SHARDS;
}

export function catalogListOf(publicKeyHex: string): RecordKey {
  return catalogList(catalogShardOf(publicKeyHex));
}

/** The value of the entry to sign. Throws `BAD_INPUT` for what `parsePublication` would refuse, `TOO_LARGE`. */
export function formatPublication(publication: Publication): string {
  const { name, size, type, created, manifest, key } = publication;
  const fields: Static<typeof PublicationValue> = {
    ...{ v: 1, n: name, s: size, t: type, c: created, i: manifest, k: key },
  };
  const bytes = utf8(JSON.stringify(fields));
  if (bytes.length > MAX_RECORD_VALUE_BYTES)
    throw new AppError('TOO_LARGE', 'The name is too long for the catalog.');
  const value = toBase64Url(bytes, { padding: false });
  parsePublication(value);
  return value;
}

/** Reads an entry's value, base64url. Throws `BAD_INPUT` for anything but a publication as it may be. */
export function parsePublication(value: string): Publication {
  const bytes = fromBase64Url(value);
  if (bytes.length > MAX_RECORD_VALUE_BYTES) throw new AppError('BAD_INPUT', 'The publication is too long.');
  const { n, s, t, c, i, k } = parseJsonWith(PublicationValue, textOf(bytes), 'The publication');
  assertCatalogName(n);
  if (!isDate(c)) throw new AppError('BAD_INPUT', 'The publication’s date does not exist.');
  // Only the canonical form of a key has a link.
  fromBase64Url(k);
  return { name: n, size: s, type: t, created: c, manifest: i, key: k };
}

/** As `parsePublication`, but null: for the entries of others, of which the bad ones are skipped and counted. */
export function readPublication(entry: Pick<ListEntry, 'value'>): Publication | null {
  try {
    return parsePublication(entry.value);
  } catch (cause) {
    if (cause instanceof AppError && cause.code === 'BAD_INPUT') return null;
    throw cause;
  }
}

/** The name under which a manifest's file is published: its last part, with `_` for what a name may not hold. */
export function toCatalogName(filename: string): string {
  return cleanCatalogName(filename.split('/').at(-1) ?? '');
}

/** A name that somebody has chosen, with `_` for what it may not hold; `unnamed` where nothing is left. */
export function cleanCatalogName(name: string): string {
  const plain = name.replaceAll(ALL_FORBIDDEN_IN_NAME, '_').trim();
  let clean = '';
  let bytes = 0;
  for (const character of plain) {
    bytes += utf8(character).length;
    if (bytes > MAX_CATALOG_NAME_BYTES) break;
    clean += character;
  }
  clean = clean.trim();
  return nameFault(clean) === null ? clean : 'unnamed';
}

/** A media type without its parameters, as the catalog has it; the general one for what is none. */
export function toCatalogType(type: string): string {
  const [bare = ''] = type.split(';');
  return bare.length <= MAX_MEDIA_TYPE_CHARS && new RegExp(TYPE).test(bare) ? bare : DEFAULT_TYPE;
}

/** `lanvault:<id>#<key>`: with this the file can be read. */
export function publicationLink({ manifest, key }: Publication): string {
  return formatLink({ id: parseChunkId(manifest), key: fromBase64Url(key) });
}

/** What names and searches are compared by: case and composition do not count. */
export function foldName(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** 30 February parses, as 2 March. */
function isDate(created: string): boolean {
  const time = Date.parse(created);
  return Number.isFinite(time) && new Date(time).toISOString().slice(0, 10) === created.slice(0, 10);
}

function assertCatalogName(name: string): void {
  const fault = nameFault(name);
  if (fault !== null) throw new AppError('BAD_INPUT', `The publication’s name ${fault}.`);
}

function nameFault(name: string): string | null {
  if (FORBIDDEN_IN_NAME.test(name)) return 'holds characters that are not for names';
  if (name !== name.trim() || !VISIBLE.test(name)) return 'begins or ends with space, or shows nothing';
  if (name === '.' || name === '..') return 'is a folder’s';
  return utf8(name).length > MAX_CATALOG_NAME_BYTES ? 'is too long' : null;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new AppError('BAD_INPUT', 'The publication is not UTF-8.', { cause });
  }
}
