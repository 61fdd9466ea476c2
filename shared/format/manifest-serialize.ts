import { utf8 } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { createSha256 } from '../crypto/hash.ts';
import { AppError } from '../errors.ts';
import { manifestIdFromHash } from '../ids.ts';
import type { ManifestId } from '../ids.ts';
import { formatRight } from './deletion-rights.ts';
import type { DeletionRights } from './deletion-rights.ts';
import { assertHeader, headerFieldsOf } from './manifest-fields.ts';
import type { ChunkRow, ChunkRows, Manifest } from './manifest-types.ts';

/** Rows turned into text at once: about 64 KiB. */
const BATCH_ROWS = 512;

/**
 * The JSON text of a manifest as a stream, header first, one chunk a line; with `rights` an owner's, whose `deletions` follow: whoever
 * has that can delete the file, and its id is that of the reader's. Throws `CORRUPT` for a header or a sum of
 * sizes that `parseManifest` would refuse, so that no unreadable manifest is ever written.
 */
export async function* serializeManifest(
  manifest: Manifest,
  rights: DeletionRights | null = null,
): AsyncGenerator<Bytes, void, undefined> {
  const { header, rows } = manifest;
  assertHeader(header);
  const fields = JSON.stringify(headerFieldsOf(header));
  yield utf8(`${fields.slice(0, -1)},\n "chunks":[`);
  yield* rowTexts(rows, header.size, '\n  ', rowText);
  yield utf8(rows.length === 0 ? ']' : '\n ]');
  if (rights !== null) yield* rightTexts(rights);
  yield utf8('}\n');
}

function* rightTexts(rights: DeletionRights): Generator<Bytes> {
  yield utf8(',\n "deletions":[');
  for (let start = 0; start < rights.length; start += BATCH_ROWS) {
    let text = '';
    for (let index = start; index < Math.min(start + BATCH_ROWS, rights.length); index++)
      text += `${index === 0 ? '' : ','}\n  "${formatRight(rights.at(index))}"`;
    yield utf8(text);
  }
  yield utf8(rights.length === 0 ? ']' : '\n ]');
}

/** A row as the manifest's JSON has it. */
export function rowText(row: ChunkRow): string {
  return JSON.stringify({ index: row.index, id: row.id, size: row.size, compression: row.compression });
}

/**
 * SHA-256 of the manifest's RFC 8785 form: the fields of `lanvault/1`, sorted, without white space. Unknown fields of a
 * text that was parsed do not count. Throws `CORRUPT` as `serializeManifest` does.
 */
export async function computeManifestId(manifest: Manifest): Promise<ManifestId> {
  const { header, rows } = manifest;
  assertHeader(header);
  const hash = createSha256();
  // RFC 8785 sorts keys, and takes over ECMAScript's own serialization of strings and numbers (§3.2.2).
  const fields = Object.entries(headerFieldsOf(header)).sort(([a], [b]) => (a < b ? -1 : 1));
  let separator = '{';
  const write = (text: string): void => {
    hash.update(utf8(separator + text));
    separator = ',';
  };
  for (const [name, value] of fields) {
    // The only field of a manifest that sorts before `chunks` is `block_size`.
    write(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
    if (name !== 'block_size') continue;
    write('"chunks":[');
    for await (const text of rowTexts(rows, header.size, '', canonicalRowText)) hash.update(text);
    hash.update(utf8(']'));
  }
  hash.update(utf8('}'));
  return manifestIdFromHash(hash.digest());
}

function canonicalRowText(row: ChunkRow): string {
  return `{"compression":"${row.compression}","id":"${row.id}","index":${row.index},"size":${row.size}}`;
}

async function* rowTexts(
  rows: ChunkRows,
  sizeBytes: number,
  separator: string,
  format: (row: ChunkRow) => string,
): AsyncGenerator<Bytes, void, undefined> {
  let total = 0;
  for (let start = 0; start < rows.length; start += BATCH_ROWS) {
    let text = '';
    for (let index = start; index < Math.min(start + BATCH_ROWS, rows.length); index++) {
      const row = await rows.at(index);
      total += row.size;
      text += (index === 0 ? '' : ',') + separator + format(row);
    }
    yield utf8(text);
  }
  if (total !== sizeBytes) throw new AppError('CORRUPT', 'The manifest’s size is not the sum of its chunks.');
}
