/** Journals on disk: JSON lines, the header first. They hold the file's key and never leave the device. */
import Type from 'typebox';
import type { Static } from 'typebox';
import { fromBase64Url, fromHex, toBase64Url, toHex } from '../../shared/bytes.ts';
import { COMPRESSIONS, COMPRESSION_MODES } from '../../shared/codec/compression.ts';
import type { JournalEntry, JournalHeader } from '../../shared/engine/ports.ts';
import { AppError } from '../../shared/errors.ts';
import { parseChunkId, parseManifestId, parseRelayId } from '../../shared/ids.ts';
import { BLOCK_BYTES, MAX_CHUNKS_PER_FILE, MAX_PEERS } from '../../shared/limits.ts';
import { Hex, Id, SafeInteger, parseJsonWith } from '../../shared/protocol/schemas.ts';

/** Which upload a journal belongs to, so that the same command finds it again. */
export interface JournalOrigin {
  /** Absolute path of the file. */
  readonly path: string;
  /** Where it goes: `swarm`, or the folder of the local simulation. */
  readonly target: string;
}

const IV_BYTES = 16;
const KEY_BYTES = 32;
const HeaderLine = Type.Object({
  format: Type.Literal('lanvault-journal/1'),
  origin: Type.Object({ path: Type.String(), target: Type.String() }),
  upload_id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,128}$' }),
  name: Type.String(),
  type: Type.String(),
  size: SafeInteger,
  fingerprint: Type.String(),
  created: Type.String(),
  mode: Type.Enum([...COMPRESSION_MODES]),
  /** base64url. */
  key: Type.String({ minLength: 43, maxLength: 44 }),
});

const Index = Type.Integer({ minimum: 0, maximum: MAX_CHUNKS_PER_FILE - 1 });

const EntryLine = Type.Union([
  Type.Object({
    kind: Type.Literal('sealed'),
    index: Index,
    id: Id,
    size: Type.Integer({ minimum: 1, maximum: BLOCK_BYTES }),
    compression: Type.Enum([...COMPRESSIONS]),
    block_hash: Id,
    body_hash: Id,
    iv: Hex(IV_BYTES),
  }),
  Type.Object({
    kind: Type.Literal('stored'),
    index: Index,
    holders: Type.Array(Id, { maxItems: MAX_PEERS }),
  }),
  Type.Object({ kind: Type.Literal('abandoned'), id: Id, body_hash: Id }),
  Type.Object({ kind: Type.Literal('granted'), id: Id, body_hash: Id, token: Id }),
  Type.Object({
    kind: Type.Literal('located'),
    id: Id,
    holders: Type.Array(Id, { maxItems: MAX_PEERS }),
  }),
  Type.Object({ kind: Type.Literal('finished'), manifest_id: Id }),
  Type.Object({ kind: Type.Literal('deleting') }),
  Type.Object({ kind: Type.Literal('deleted'), id: Id, pending: Type.Array(Id, { maxItems: MAX_PEERS }) }),
]);
type EntryLine = Static<typeof EntryLine>;

export function formatHeader(header: JournalHeader, origin: JournalOrigin): string {
  const { uploadId, name, type, sizeBytes, fingerprint, created, mode, key } = header;
  const line: Static<typeof HeaderLine> = {
    format: 'lanvault-journal/1',
    origin: { path: origin.path, target: origin.target },
    upload_id: uploadId,
    name,
    type,
    size: sizeBytes,
    fingerprint,
    created,
    mode,
    key: toBase64Url(key),
  };
  return `${JSON.stringify(line)}\n`;
}

/** Throws `CORRUPT`. */
export function parseHeader(text: string): { header: JournalHeader; origin: JournalOrigin } {
  return asCorrupt(() => {
    const line = parseJsonWith(HeaderLine, text, 'A journal’s header');
    const key = fromBase64Url(line.key);
    if (key.length !== KEY_BYTES) throw new AppError('BAD_INPUT', 'A journal’s key has a wrong length.');
    const { upload_id: uploadId, name, type, size: sizeBytes, fingerprint, created, mode, origin } = line;
    return { header: { uploadId, name, type, sizeBytes, fingerprint, created, mode, key }, origin };
  });
}

export function formatEntry(entry: JournalEntry): string {
  return `${JSON.stringify(toLine(entry))}\n`;
}

/** Throws `CORRUPT`. */
export function parseEntry(text: string): JournalEntry {
  return asCorrupt(() => fromLine(parseJsonWith(EntryLine, text, 'A journal’s line')));
}

function toLine(entry: JournalEntry): EntryLine {
  switch (entry.kind) {
    case 'sealed': {
      const { index, id, size, compression, blockHash, bodyHash, iv } = entry.chunk;
      const hashes = { block_hash: toHex(blockHash), body_hash: toHex(bodyHash), iv: toHex(iv) };
      return { kind: 'sealed', index, id, size, compression, ...hashes };
    }
    case 'stored':
      return { kind: 'stored', index: entry.index, holders: [...entry.holders] };
    case 'abandoned':
      return { kind: 'abandoned', id: entry.id, body_hash: toHex(entry.bodyHash) };
    case 'granted':
      return {
        kind: 'granted',
        id: entry.id,
        body_hash: toHex(entry.bodyHash),
        token: toHex(entry.token),
      };
    case 'located':
      return { kind: 'located', id: entry.id, holders: [...entry.holders] };
    case 'finished':
      return { kind: 'finished', manifest_id: entry.manifestId };
    case 'deleting':
      return { kind: 'deleting' };
    case 'deleted':
      return { kind: 'deleted', id: entry.id, pending: [...entry.pending] };
  }
}

function fromLine(line: EntryLine): JournalEntry {
  switch (line.kind) {
    case 'sealed': {
      const { index, size, compression } = line;
      const hashes = {
        blockHash: fromHex(line.block_hash),
        bodyHash: fromHex(line.body_hash),
        iv: fromHex(line.iv),
      };
      return { kind: 'sealed', chunk: { index, id: parseChunkId(line.id), size, compression, ...hashes } };
    }
    case 'stored':
      return { kind: 'stored', index: line.index, holders: line.holders.map(parseRelayId) };
    case 'abandoned':
      return { kind: 'abandoned', id: parseChunkId(line.id), bodyHash: fromHex(line.body_hash) };
    case 'granted':
      return {
        kind: 'granted',
        id: parseChunkId(line.id),
        bodyHash: fromHex(line.body_hash),
        token: fromHex(line.token),
      };
    case 'located':
      return { kind: 'located', id: parseChunkId(line.id), holders: line.holders.map(parseRelayId) };
    case 'finished':
      return { kind: 'finished', manifestId: parseManifestId(line.manifest_id) };
    case 'deleting':
      return { kind: 'deleting' };
    case 'deleted':
      return { kind: 'deleted', id: parseChunkId(line.id), pending: line.pending.map(parseRelayId) };
  }
}

function asCorrupt<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof AppError) || cause.code !== 'BAD_INPUT') throw cause;
    throw new AppError('CORRUPT', cause.message, { cause });
  }
}
