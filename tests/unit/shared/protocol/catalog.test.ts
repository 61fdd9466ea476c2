import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBase64Url, utf8 } from '../../../../shared/bytes.ts';
import { createSigner } from '../../../../shared/crypto/sign.ts';
import { AppError } from '../../../../shared/errors.ts';
import { CATALOG_SHARDS, MAX_CATALOG_NAME_BYTES, MAX_RECORD_VALUE_BYTES } from '../../../../shared/limits.ts';
import {
  catalogList,
  catalogListOf,
  catalogShardOf,
  formatPublication,
  parsePublication,
  readPublication,
  toCatalogName,
  toCatalogType,
} from '../../../../shared/protocol/catalog.ts';
import type { Publication } from '../../../../shared/protocol/catalog.ts';
import { toHex } from '../../../../shared/bytes.ts';

const GOOD: Publication = {
  name: 'Grüße & <b>"bold"<br> 👩‍🚀.pdf',
  size: 2_500_000,
  type: 'application/pdf',
  created: '2026-11-23T05:00:00Z',
  manifest: 'ab'.repeat(32),
  key: toBase64Url(new Uint8Array(32).fill(9), { padding: false }),
};
const FIELDS = {
  ...{ v: 1, n: GOOD.name, s: GOOD.size, t: GOOD.type, c: GOOD.created, i: GOOD.manifest, k: GOOD.key },
};

const valueOf = (json: unknown): string => toBase64Url(utf8(JSON.stringify(json)), { padding: false });

function refusal(work: () => unknown): AppError {
  try {
    work();
  } catch (cause) {
    expect(cause).toBeInstanceOf(AppError);
    return cause as AppError;
  }
  throw new Error('It should have been refused.');
}

describe('a publication', () => {
  it('is compact JSON, and reads as it was written', () => {
    const value = formatPublication(GOOD);
    expect(JSON.parse(Buffer.from(value, 'base64url').toString('utf8'))).toEqual(FIELDS);
    expect(parsePublication(value)).toEqual(GOOD);
  });

  it('fits a record with the longest of everything', () => {
    const longest: Publication = {
      name: '"'.repeat(MAX_CATALOG_NAME_BYTES),
      size: 2 ** 40,
      type: `${'a'.repeat(127)}/${'b'.repeat(127)}`,
      created: '2026-11-23T05:00:00.123456789Z',
      manifest: 'f'.repeat(64),
      key: GOOD.key,
    };
    const value = formatPublication(longest);
    expect(Buffer.from(value, 'base64url').length).toBeLessThanOrEqual(MAX_RECORD_VALUE_BYTES);
    expect(parsePublication(value)).toEqual(longest);
  });

  it('may carry fields of later versions, which are ignored', () => {
    expect(parsePublication(valueOf({ ...FIELDS, later: { a: 1 } }))).toEqual(GOOD);
  });

  it.each([
    ['another version', { v: 2 }],
    ['no name', { n: '' }],
    ['a name of spaces', { n: ' \u3000' }],
    ['a name that shows nothing', { n: '\u200d\ufe0f' }],
    ['a name of 256 bytes', { n: 'ä'.repeat(128) }],
    ['a path', { n: '../etc/passwd' }],
    ['a path of Windows', { n: 'C:\\x' }],
    ['a folder', { n: '..' }],
    ['an escape sequence', { n: 'a\u001b]0;x\u0007' }],
    ['a C1 control', { n: 'a\u009b31m' }],
    ['a newline', { n: 'a\nb' }],
    ['a line separator', { n: 'a\u2028b' }],
    ['a right-to-left override', { n: 'report\u202efdp.exe' }],
    ['an isolate', { n: 'a\u2067b' }],
    ['an Arabic letter mark', { n: 'a\u061cb' }],
    ['a zero-width space', { n: 'a\u200bb' }],
    ['half a pair', { n: 'a\ud800' }],
    ['a name that is no text', { n: 5 }],
    ['a negative size', { s: -1 }],
    ['a size that is no integer', { s: 1.5 }],
    ['a size beyond any file', { s: 2 ** 40 + 1 }],
    ['HTML as the media type', { t: '<b>/x' }],
    ['a header in the media type', { t: 'text/plain\r\nx: y' }],
    ['a date that does not exist', { c: '2026-02-30T00:00:00Z' }],
    ['an hour that does not exist', { c: '2026-02-20T24:00:00Z' }],
    ['a date in words', { c: 'yesterday' }],
    ['an id in capitals', { i: 'AB'.repeat(32) }],
    ['a short key', { k: 'a'.repeat(42) }],
    ['a key in another spelling of its bytes', { k: `${GOOD.key.slice(0, -1)}l` }],
    ['a field missing', { k: undefined }],
    ['a prototype', { n: { __proto__: null } }],
  ])('is refused with %s', (_, change) => {
    expect(refusal(() => parsePublication(valueOf({ ...FIELDS, ...change }))).code).toBe('BAD_INPUT');
  });

  it.each([
    ['no JSON', toBase64Url(utf8('{"v":1'), { padding: false })],
    ['a list', valueOf([FIELDS])],
    ['null', valueOf(null)],
    ['nothing', ''],
    ['bytes that are no UTF-8', toBase64Url(Uint8Array.of(0x22, 0xff, 0x22), { padding: false })],
    ['a mark in front', toBase64Url(utf8(`\ufeff${JSON.stringify(FIELDS)}`), { padding: false })],
    ['more than a record holds', valueOf({ ...FIELDS, later: 'x'.repeat(MAX_RECORD_VALUE_BYTES) })],
    ['deep nesting', toBase64Url(utf8('['.repeat(1000)), { padding: false })],
  ])('is refused when it is %s', (_, value) => {
    expect(refusal(() => parsePublication(value)).code).toBe('BAD_INPUT');
    expect(readPublication({ value })).toBeNull();
  });

  it('is never written in a form that would be refused', () => {
    expect(refusal(() => formatPublication({ ...GOOD, name: 'a\u202eb' })).code).toBe('BAD_INPUT');
    expect(refusal(() => formatPublication({ ...GOOD, key: 'short' })).code).toBe('BAD_INPUT');
  });

  it('is read or refused, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1200 }), (bytes) => {
        const read = readPublication({ value: toBase64Url(bytes, { padding: false }) });
        expect(read === null || read.name.length > 0).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.record({ n: fc.string({ unit: 'binary' }), t: fc.string() }, {}), (change) => {
        const read = readPublication({ value: valueOf({ ...FIELDS, ...change }) });
        if (read !== null) expect(read.name).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069/\\]/u);
      }),
      { numRuns: 500 },
    );
  });
});

describe('what a manifest says, as a publication says it', () => {
  it.each([
    ['photos/2026/sea.jpg', 'sea.jpg'],
    ['a\u202eb\u200fc.txt', 'a_b_c.txt'],
    ['  spaced  ', 'spaced'],
    ['\u3000', 'unnamed'],
    ['', 'unnamed'],
    ['..', 'unnamed'],
    ['é'.repeat(200), 'é'.repeat(127)],
  ])('turns the name %j into %j', (filename, name) => {
    expect(toCatalogName(filename)).toBe(name);
  });

  it('makes a good name of anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (filename) => {
        const name = toCatalogName(filename);
        expect(parsePublication(formatPublication({ ...GOOD, name })).name).toBe(name);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the media type without its parameters', () => {
    expect(toCatalogType('text/plain; charset=utf-8')).toBe('text/plain');
    expect(toCatalogType('<script>')).toBe('application/octet-stream');
  });
});

describe('shards', () => {
  it('are 16 lists of their own, and each signer has one', async () => {
    const lists = Array.from({ length: CATALOG_SHARDS }, (_, shard) => catalogList(shard));
    expect(new Set(lists).size).toBe(16);
    // SHA-256("lanvault/1 catalog" ‖ 0 ‖ 3), by sha256sum.
    expect(lists[3]).toBe('e813a7a6cb69ff90118a3985952640b796442a33d3209a576777b6baa35a864f');
    for (const shard of [-1, 16, 0.5]) expect(refusal(() => catalogList(shard)).code).toBe('BAD_INPUT');
    const used = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const { publicKey } = await createSigner(new Uint8Array(32).fill(seed), 'noble');
      const hex = toHex(publicKey);
      used.add(catalogShardOf(hex));
      expect(catalogListOf(hex)).toBe(lists[catalogShardOf(hex)]);
    }
    expect(used.size).toBe(16);
  });
});
