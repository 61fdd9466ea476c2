import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, utf8 } from '../../../../shared/bytes.ts';
import { COMPRESSIONS } from '../../../../shared/codec/compression.ts';
import { AppError } from '../../../../shared/errors.ts';
import {
  ChunkTable,
  computeManifestId,
  parseManifest,
  serializeManifest,
} from '../../../../shared/format/manifest.ts';
import type { PackedManifest } from '../../../../shared/format/manifest.ts';
import type { ChunkRow, Manifest } from '../../../../shared/format/manifest-types.ts';
import { parseChunkId } from '../../../../shared/ids.ts';
import { BLOCK_BYTES, MAX_MANIFEST_BYTES } from '../../../../shared/limits.ts';
import { codeOf, readVectors } from '../support/vectors.ts';

interface Row {
  index: number;
  id: string;
  size: number;
  compression: string;
}
interface ManifestJson {
  format: string;
  filename: string;
  type: string;
  size: number;
  created: string;
  block_size: number;
  key: string;
  merkle_root: string;
  chunks: Row[];
}
interface ManifestVector {
  manifest: ManifestJson;
  canonical_sha256: string;
}
const { vectors } = (await readVectors('manifest')) as {
  vectors: [ManifestVector, ...ManifestVector[]];
};
/** Three chunks: 2,500,000 bytes. */
const [{ manifest: example }] = vectors;

const parse = (text: string): Promise<PackedManifest> => parseManifest([utf8(text)]);
const parseJson = (value: unknown): Promise<PackedManifest> => parse(JSON.stringify(value));

async function textOf(manifest: Manifest): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of serializeManifest(manifest)) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

/** RFC 8785, for what JSON.parse gives: written from the RFC, independent of what is tested. */
function canonicalize(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalize).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalize(member)}`);
  return `{${members.join(',')}}`;
}
const canonicalHash = (value: unknown): string =>
  createHash('sha256').update(canonicalize(value)).digest('hex');

function tableOf(count: number, lastSize = BLOCK_BYTES): ChunkTable {
  const table = new ChunkTable();
  for (let index = 0; index < count; index++) {
    const id = parseChunkId(createHash('sha256').update(`row ${index}`).digest('hex'));
    const size = index === count - 1 ? lastSize : BLOCK_BYTES;
    table.append({ index, id, size, compression: COMPRESSIONS[index % 3] ?? 'none' });
  }
  return table;
}

function manifestOf(rows: ChunkTable, filename = 'file.bin'): PackedManifest {
  const header = {
    filename,
    type: 'application/octet-stream',
    size: rows.sizeBytes,
    created: '2026-11-23T05:00:00Z',
    key: new Uint8Array(randomBytes(32)),
    merkleRoot: rows.merkleRoot,
  };
  return { header, rows };
}

describe('vectors', () => {
  test.each(vectors)('$manifest.filename', async ({ manifest, canonical_sha256: expected }) => {
    const parsed = await parseJson(manifest);
    expect(await computeManifestId(parsed)).toBe(expected);
    expect(canonicalHash(manifest)).toBe(expected);
    expect(parsed.header.filename).toBe(manifest.filename);
    expect(Array.from({ length: parsed.rows.length }, (_, i) => parsed.rows.at(i))).toEqual(manifest.chunks);
    const text = await textOf(parsed);
    expect(JSON.parse(text)).toEqual(manifest);
    expect(text.startsWith('{"format":"lanvault/1","filename":')).toBe(true);
  });
});

test('what is written is read back, for many rows, cut anywhere', async () => {
  for (const count of [0, 1, 2, 511, 512, 513, 4095, 4096, 4097, 9000]) {
    const manifest = manifestOf(tableOf(count, 1 + (count % BLOCK_BYTES)));
    const text = await textOf(manifest);
    const bytes = utf8(text);
    const parts = Array.from({ length: Math.ceil(bytes.length / 997) }, (_, i) =>
      bytes.subarray(i * 997, (i + 1) * 997),
    );
    const parsed = await parseManifest(parts);
    expect(await computeManifestId(parsed)).toBe(await computeManifestId(manifest));
    expect(await computeManifestId(parsed)).toBe(canonicalHash(JSON.parse(text)));
    expect(parsed.rows.length).toBe(count);
  }
});

test('any order of keys, white space, escapes and unknown fields give the same manifest', async () => {
  const id = await computeManifestId(await parseJson(example));
  const reversed = Object.fromEntries(
    Object.entries({
      ...example,
      chunks: example.chunks.map((row) =>
        Object.fromEntries(Object.entries({ ...row, extra: [{ id: 'x', chunks: [1] }] }).toReversed()),
      ),
    }).toReversed(),
  );
  const odd = {
    future: { chunks: [{ index: 7 }], filename: '../x' },
    ...reversed,
    more: [[], {}, null, -1.5e9],
  };
  const text = JSON.stringify(odd, null, 3).replaceAll('.pdf', '\\u002epdf');
  for (const variant of [text, `\ufeff${text}`, ` \r\n\t${text}\n`]) {
    expect(await computeManifestId(await parse(variant))).toBe(id);
  }
  for (let cut = 1; cut < 40; cut++) {
    const bytes = utf8(text);
    expect(await computeManifestId(await parseManifest([bytes.subarray(0, cut), bytes.subarray(cut)]))).toBe(
      id,
    );
  }
});

test('the id depends on every field', async () => {
  const base = manifestOf(tableOf(3));
  const ids = new Set([await computeManifestId(base)]);
  const changes = [
    { filename: 'other' },
    { type: 'text/plain' },
    { created: '2026-11-23T05:00:01Z' },
    { key: new Uint8Array(32) },
    { merkleRoot: '0'.repeat(64) },
  ];
  for (const change of changes) {
    ids.add(await computeManifestId({ ...base, header: { ...base.header, ...change } }));
  }
  ids.add(
    await computeManifestId({
      ...base,
      rows: { length: 3, at: (i) => ({ ...base.rows.at(i), compression: 'xz' }) },
    }),
  );
  expect(ids.size).toBe(7);
});

/** Each is the example with one thing wrong. */
const CORRUPT: [string, unknown][] = [
  ['size that lies', { ...example, size: 2_499_999 }],
  ['size larger than the chunks', { ...example, size: 2_500_001 }],
  ['size of 2⁶⁰', { ...example, size: 2 ** 60 }],
  ['negative size', { ...example, size: -1 }],
  ['fractional size', { ...example, size: 2_500_000.5 }],
  ['size as text', { ...example, size: '2500000' }],
  ['size null', { ...example, size: null }],
  ['size as object', { ...example, size: { valueOf: 1 } }],
  ['block size of 1', { ...example, block_size: 1 }],
  ['block size of 2 MiB', { ...example, block_size: 2 * BLOCK_BYTES }],
  ['another root', { ...example, merkle_root: '0'.repeat(64) }],
  ['root in capitals', { ...example, merkle_root: example.merkle_root.toUpperCase() }],
  ['short key', { ...example, key: example.key.slice(4) }],
  ['unpadded key', { ...example, key: example.key.slice(0, 43) }],
  ['key in plain base64', { ...example, key: `${'+'.repeat(42)}w=` }],
  ['key with stray bits', { ...example, key: `${'A'.repeat(42)}B=` }],
  ['no such date', { ...example, created: '2026-02-30T00:00:00Z' }],
  ['date without zone', { ...example, created: '2026-11-23T05:00:00' }],
  ['date as words', { ...example, created: 'yesterday' }],
  ['hour 24', { ...example, created: '2026-11-23T24:00:00Z' }],
  ['type with a header in it', { ...example, type: 'text/html\r\nSet-Cookie: a=b' }],
  ['empty type', { ...example, type: '' }],
  ['long type', { ...example, type: `a/${'b'.repeat(300)}` }],
  ['absolute file name', { ...example, filename: '/etc/passwd' }],
  ['file name that climbs', { ...example, filename: 'a/../../b' }],
  ['file name with a drive', { ...example, filename: 'C:\\Windows\\x' }],
  ['file name with NUL', { ...example, filename: 'a\0b' }],
  ['file name with half a character', { ...example, filename: '\ud800' }],
  ['file name of 256 bytes', { ...example, filename: 'x'.repeat(256) }],
  ['chunks out of order', { ...example, chunks: example.chunks.toReversed() }],
  ['chunk swapped with its neighbour', { ...example, chunks: swapIds(example.chunks) }],
  ['chunk twice', { ...example, chunks: [...example.chunks, example.chunks.at(-1)] }],
  ['chunk missing', { ...example, chunks: example.chunks.slice(1) }],
  ['index from 1', { ...example, chunks: example.chunks.map((row) => ({ ...row, index: row.index + 1 })) }],
  ['short chunk in the middle', { ...example, chunks: withRow(0, { size: 1 }) }],
  ['chunk of size 0', { ...example, chunks: withRow(2, { size: 0 }) }],
  ['chunk larger than a block', { ...example, chunks: withRow(1, { size: BLOCK_BYTES + 1 }) }],
  ['chunk id with a path', { ...example, chunks: withRow(1, { id: '../../../../etc/passwd' }) }],
  ['chunk id in capitals', { ...example, chunks: withRow(1, { id: 'A'.repeat(64) }) }],
  ['unknown compression', { ...example, chunks: withRow(1, { compression: 'brotli' }) }],
  ['compression by prototype', { ...example, chunks: withRow(1, { compression: 'constructor' }) }],
  ['chunk without id', { ...example, chunks: withRow(1, { id: undefined }) }],
  ['chunk as number', { ...example, chunks: [1, 2, 3] }],
  ['chunk as list', { ...example, chunks: [[], [], []] }],
  ['chunks as object', { ...example, chunks: {} }],
  ['chunks as text', { ...example, chunks: 'none' }],
  ['no chunks', { ...example, chunks: undefined }],
  ['no chunks though there is a size', { ...example, chunks: [] }],
  ['no format', { ...example, format: undefined }],
  ['foreign format', { ...example, format: 'torrent' }],
  ['format as number', { ...example, format: 1 }],
  ...Object.keys(example).map((name): [string, unknown] => [`no ${name}`, { ...example, [name]: undefined }]),
];

function withRow(index: number, change: Partial<Record<keyof Row, unknown>>): unknown[] {
  return example.chunks.map((row) => (row.index === index ? { ...row, ...change } : row));
}

function swapIds(rows: readonly Row[]): Row[] {
  return rows.map((row, i) => ({ ...row, id: rows[i ^ 1]?.id ?? row.id }));
}

test('the example itself is fine', async () => {
  expect((await parseJson(example)).rows.length).toBe(3);
});

test.each(CORRUPT)('%s is CORRUPT', async (_, value) => {
  expect(await codeOf(parseJson(value))).toBe('CORRUPT');
});

test('a newer major version is UNSUPPORTED, wherever it says so', async () => {
  const newer = { ...example, format: 'lanvault/2' };
  const strange = { chunks: [{ hash: 'x' }, 5], format: 'lanvault/2' };
  for (const value of [newer, strange]) expect(await codeOf(parseJson(value))).toBe('UNSUPPORTED');
});

const TEXTS: [string, string][] = [
  ['nothing', ''],
  ['white space', '  \n'],
  ['null', 'null'],
  ['a number', '7'],
  ['a list', '[]'],
  ['cut short', JSON.stringify(example).slice(0, -1)],
  ['with something after it', `${JSON.stringify(example)}{}`],
  ['with a trailing comma', JSON.stringify(example).replace(/\}$/, ',}')],
  ['with single quotes', JSON.stringify(example).replaceAll('"', "'")],
  ['with NaN', JSON.stringify(example).replace('2500000', 'NaN')],
  ['with a leading zero', JSON.stringify(example).replace('2500000', '02500000')],
  ['with a huge number', JSON.stringify(example).replace('2500000', '1e999')],
  ['with a number of a million digits', JSON.stringify(example).replace('2500000', '1'.repeat(1e6))],
  ['with a million spaces', JSON.stringify(example).replace(':', `:${' '.repeat(1e6)}`)],
  ['with a string of a million characters', JSON.stringify({ ...example, note: 'x'.repeat(1e6) })],
  ['with a string of a million escapes', JSON.stringify({ ...example, note: '\u0001'.repeat(1e6) })],
  ['with a field twice', JSON.stringify(example).replace('"type"', '"filename":"b","type"')],
  ['with chunks twice', JSON.stringify(example).replace('"type"', '"chunks":[],"type"')],
  ['with a field of a chunk twice', JSON.stringify(example).replace('"index":0', '"index":0,"index":0')],
  ['with a raw control character', JSON.stringify(example).replace('a.pdf', 'a\n.pdf')],
  ['nested 100,000 deep', `{"a":${'['.repeat(100_000)}`],
  ['of objects 100,000 deep', '{"a":'.repeat(100_000)],
];
test.each(TEXTS)('a text %s is CORRUPT', async (_, text) => {
  expect(await codeOf(parse(text))).toBe('CORRUPT');
});

test('unknown fields may nest 32 deep in all, not 33', async () => {
  const nested = (depth: number): string =>
    JSON.stringify(example).replace('{', `{"note":${'['.repeat(depth)}${']'.repeat(depth)},`);
  expect((await parse(nested(31))).rows.length).toBe(3);
  expect(await codeOf(parse(nested(32)))).toBe('CORRUPT');
});

test('bytes that are not UTF-8 are CORRUPT', async () => {
  const bytes = utf8(JSON.stringify(example));
  const at = bytes.indexOf('.'.charCodeAt(0));
  for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82]]) {
    const text = new Uint8Array([...bytes.subarray(0, at), ...bad, ...bytes.subarray(at)]);
    expect(await codeOf(parseManifest([text]))).toBe('CORRUPT');
  }
});

test('a manifest that claims 10⁹ chunks ends at once, without memory for them', async () => {
  const size = 1e9 * BLOCK_BYTES;
  expect(await codeOf(parseJson({ ...example, size }))).toBe('CORRUPT');
  let rowsGiven = 0;
  function* endless(): Generator<Uint8Array> {
    const { chunks, ...header } = example;
    yield utf8(`${JSON.stringify({ ...header, size }).slice(0, -1)},"chunks":[`);
    for (let index = 0; index < 1e9; index++) {
      rowsGiven++;
      yield utf8(`${JSON.stringify({ ...chunks[0], index: index % 2 })},`);
    }
  }
  expect(await codeOf(parseManifest(endless()))).toBe('CORRUPT');
  expect(rowsGiven).toBeLessThan(5);
});

test('a text that never gets on is CORRUPT, one that is too long TOO_LARGE', async () => {
  let given = 0;
  function* spaces(): Generator<Uint8Array> {
    yield utf8('{');
    for (; given < 1000; given++) yield utf8(' '.repeat(1000));
  }
  expect(await codeOf(parseManifest(spaces()))).toBe('CORRUPT');
  expect(given).toBeLessThan(100);
  expect(await codeOf(parseManifest([new Uint8Array(MAX_MANIFEST_BYTES + 1)]))).toBe('TOO_LARGE');
});

test('reading stops when the signal fires', async () => {
  const abort = new AbortController();
  function* parts(): Generator<Uint8Array> {
    yield utf8('{');
    abort.abort();
    yield utf8('"a":1');
    throw new Error('It read on.');
  }
  expect(await codeOf(parseManifest(parts(), abort.signal))).toBe('ABORTED');
});

test('whatever is read as a manifest is JSON to the platform too, and says the same', async () => {
  const text = JSON.stringify(example);
  const edit = fc.tuple(fc.nat(text.length), fc.nat(8), fc.string({ maxLength: 6 }));
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      let edited = text;
      for (const [at, length, insert] of edits)
        edited = edited.slice(0, at) + insert + edited.slice(at + length);
      try {
        const parsed = await parse(edited);
        const { filename, size } = JSON.parse(edited) as ManifestJson;
        expect(parsed.header).toMatchObject({ filename, size });
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
      }
    }),
    { numRuns: 500 },
  );
});

test('arbitrary bytes and arbitrary JSON give an AppError', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array(), fc.json().map(utf8)), async (bytes) => {
      expect(['CORRUPT', 'UNSUPPORTED']).toContain(await codeOf(parseManifest([bytes])));
    }),
    { numRuns: 500 },
  );
});

describe('ChunkTable', () => {
  const row = (change: Partial<ChunkRow>): ChunkRow => ({ ...tableOf(1).at(0), ...change });

  test('takes nothing after a short row, and has no rows outside', () => {
    const table = tableOf(2, 5);
    expect(table.sizeBytes).toBe(BLOCK_BYTES + 5);
    expect(() => {
      table.append(row({ index: 2 }));
    }).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    for (const index of [-1, 2, 0.5, Number.NaN]) {
      expect(() => table.at(index)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
    }
  });

  test.each([{ size: 0 }, { size: 1.5 }, { size: BLOCK_BYTES + 1 }, { index: 1 }])('refuses %o', (change) => {
    const table = new ChunkTable();
    expect(() => {
      table.append(row(change));
    }).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    expect(table.length).toBe(0);
  });
});

test('a header that could not be read back is not written', async () => {
  const { header, rows } = manifestOf(tableOf(2));
  for (const change of [{ filename: '../x' }, { type: 'x' }, { created: 'now' }, { size: 1 }]) {
    expect(await codeOf(textOf({ header: { ...header, ...change }, rows }))).toBe('CORRUPT');
    expect(await codeOf(computeManifestId({ header: { ...header, ...change }, rows }))).toBe('CORRUPT');
  }
});

test('keys are 32 bytes of padded base64url', async () => {
  const { header } = await parseJson(example);
  expect(Buffer.from(header.key).toString('base64url')).toBe(example.key.slice(0, 43));
  expect(fromHex(header.merkleRoot)).toHaveLength(32);
});
