/**
 * One file or folder of a vault's index, as every device of the vault has it. Devices change their copies without asking
 * each other; `mergeEntries` brings two copies together, in whatever order they meet. Each part of an entry is a register
 * with a stamp: the highest stamp wins. Deletion is for good. Fields of later versions are kept.
 */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { assertFilename } from '../format/filename.ts';
import { MAX_INDEX_TIME, MAX_MEDIA_TYPE_CHARS } from '../limits.ts';
import { AppError } from '../errors.ts';
import { DERIVATION_ID_BYTES } from '../crypto/kdf.ts';
import { Hex, Id, SafeInteger, parseWith } from '../protocol/schemas.ts';
import { canonicalJson } from './canonical-json.ts';

export const DeviceIdHex = Hex(DERIVATION_ID_BYTES);

/** Steps of the vault's logical clock, and the device that took the last one: ordered by time, then by device. */
export const Stamp = Type.Tuple([Type.Integer({ minimum: 1, maximum: MAX_INDEX_TIME }), DeviceIdHex]);
export type Stamp = Static<typeof Stamp>;

const EntryId = Hex(16);

/** Where it is. */
const Place = Type.Object({
  at: Stamp,
  /** Id of a folder; null: the top. */
  parent: Type.Union([EntryId, Type.Null()]),
  name: Type.String({ minLength: 1, maxLength: 255 }),
});

/** What is in it. */
const FileContent = Type.Object({
  at: Stamp,
  manifest: Id,
  /** Capability link to the manifest: enough to read the file. */
  link: Type.String({ pattern: '^lanvault:[0-9a-f]{64}#[A-Za-z0-9_-]{43}$' }),
  /** Plaintext bytes. */
  size: SafeInteger,
  type: Type.String({ maxLength: MAX_MEDIA_TYPE_CHARS }),
  /** ISO 8601, UTC. */
  created: Type.String({ maxLength: 40 }),
  /** That uploaded it: its delete key made the chunks. */
  device: DeviceIdHex,
  /** Somebody else's, taken in by its link or manifest: then no device of the vault can delete its chunks. */
  foreign: Type.Optional(Type.Literal(true)),
});
export type FileContent = Static<typeof FileContent>;

export const IndexEntry = Type.Object({
  /** Random. */
  id: EntryId,
  /** `folder` or `file`; a later version may have others, which this one keeps and does not show. */
  kind: Type.String({ minLength: 1, maxLength: 32 }),
  place: Place,
  /** Of a `file`. */
  file: Type.Optional(FileContent),
  deleted: Type.Optional(Stamp),
});
export type IndexEntry = Static<typeof IndexEntry>;
export type EntryId = string;

const KNOWN_FIELDS: ReadonlySet<string> = new Set(['id', 'kind', 'place', 'file', 'deleted']);

/** Throws `CORRUPT` for what is no entry. */
export function parseEntry(value: unknown): IndexEntry {
  try {
    const entry = parseWith(IndexEntry, value, 'An entry of the vault’s index');
    assertEntryName(entry.place.name);
    if (entry.kind === 'file' && entry.file === undefined)
      throw new AppError('BAD_INPUT', 'A file of the vault’s index has no content.');
    return entry;
  } catch (cause) {
    throw new AppError('CORRUPT', AppError.from(cause).message, { cause });
  }
}

/** Throws `BAD_INPUT` unless it is one part of a path that manifests may have too. */
export function assertEntryName(name: string): void {
  try {
    if (name.includes('/')) throw new AppError('CORRUPT', 'A name holds no “/”.');
    assertFilename(name);
  } catch (cause) {
    throw new AppError('BAD_INPUT', 'That is not a name that a file or folder can have.', { cause });
  }
}

/** Positive when `a` is later than `b`. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a[0] === b[0] ? compareText(a[1], b[1]) : a[0] - b[0];
}

/** Two copies of one entry as one: commutative, associative and idempotent. */
export function mergeEntries(a: IndexEntry, b: IndexEntry): IndexEntry {
  const merged: IndexEntry = {
    ...mergeUnknown(a, b),
    id: a.id,
    kind: compareText(a.kind, b.kind) >= 0 ? a.kind : b.kind,
    place: later(a.place, b.place),
  };
  const file = a.file === undefined || b.file === undefined ? (a.file ?? b.file) : later(a.file, b.file);
  if (file !== undefined) merged.file = file;
  const deleted =
    a.deleted === undefined || b.deleted === undefined
      ? (a.deleted ?? b.deleted)
      : compareStamps(a.deleted, b.deleted) <= 0
        ? a.deleted
        : b.deleted;
  if (deleted !== undefined) merged.deleted = deleted;
  return merged;
}

function mergeUnknown(a: IndexEntry, b: IndexEntry): Record<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const [name, value] of [...Object.entries(a), ...Object.entries(b)]) {
    if (KNOWN_FIELDS.has(name)) continue;
    const other = fields.get(name);
    const wins = other === undefined || compareText(canonicalJson(value), canonicalJson(other)) > 0;
    if (wins) fields.set(name, value);
  }
  return Object.fromEntries(fields);
}

/** One device never gives one stamp to two values; where a copied data folder has, the text decides. */
function later<T extends { readonly at: Stamp }>(a: T, b: T): T {
  const order = compareStamps(a.at, b.at);
  if (order !== 0) return order > 0 ? a : b;
  return compareText(canonicalJson(a), canonicalJson(b)) >= 0 ? a : b;
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
