import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { assertFilename, toFilename } from '../../../../shared/format/filename.ts';

const GOOD = [
  'a',
  'a.pdf',
  'folder/sub/a.pdf',
  'été 🏖.jpg',
  '.hidden',
  '...',
  '..a',
  'a..',
  ' leading space',
  'x'.repeat(255),
  `${'é'.repeat(127)}/x`,
  'notes: today',
  'Makefile',
  'שלום.txt',
];
const BAD = [
  '',
  '/',
  '/etc/passwd',
  '..',
  '.',
  '../a',
  'a/..',
  'a/../b',
  'a/./b',
  './a',
  'a//b',
  'a/',
  'a\\b',
  '..\\a',
  '\\\\server\\share',
  'C:\\a',
  'C:a',
  'c:/a',
  'a:b',
  'a\0b',
  'a\nb',
  'a\u001b[31m',
  'a\u007f',
  'a\u0085',
  '\ud800',
  'a\udc00b',
  'x'.repeat(256),
  'é'.repeat(128),
  Array.from({ length: 1366 }, () => 'ab').join('/'),
];

test('a path of very many folders is cut to its end, at the cost of reading it once', () => {
  const parts = Array.from({ length: 200_000 }, (_, i) => String(i));
  const begun = process.threadCpuUsage();
  const name = toFilename(parts.join('/'));
  const { user } = process.threadCpuUsage(begun);
  assertFilename(name);
  expect(parts.join('/').endsWith(`/${name}`)).toBe(true);
  expect(Buffer.byteLength(`x/${name}`)).toBeGreaterThan(4090);
  // It took minutes when the rest was measured anew without each folder.
  expect(user / 1000).toBeLessThan(5000);
});

test.each(GOOD)('%j may stand in a manifest, and is kept', (name) => {
  expect(() => {
    assertFilename(name);
  }).not.toThrow();
  expect(toFilename(name)).toBe(name);
});

test.each(BAD)('%j is refused, and mended for upload', (name) => {
  expect(() => {
    assertFilename(name);
  }).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  const mended = toFilename(name);
  expect(() => {
    assertFilename(mended);
  }).not.toThrow();
});

test('mending keeps what it can', () => {
  expect(toFilename('a\\b.txt')).toBe('a_b.txt');
  expect(toFilename('/home/me/a.txt')).toBe('home/me/a.txt');
  expect(toFilename('C:\\a.txt')).toBe('C__a.txt');
  expect(toFilename('../../a')).toBe('__/__/a');
  expect(toFilename('')).toBe('unnamed');
  expect(toFilename(`${'é'.repeat(200)}.jpeg`)).toBe(`${'é'.repeat(125)}.jpeg`);
});

test('any name is refused or stays inside its folder on POSIX and Windows, and any can be mended', () => {
  const piece = fc.constantFrom('..', '.', '/', '\\', 'a', 'C:', '\0', 'é', ' ', '🏖', '\ud800');
  const names = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(names, (name) => {
      const candidates = [toFilename(name)];
      try {
        assertFilename(name);
        candidates.push(name);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
      }
      for (const candidate of candidates) {
        expect(path.posix.join('/vault', candidate).startsWith('/vault/')).toBe(true);
        expect(path.win32.join('C:\\vault', candidate).startsWith('C:\\vault\\')).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});
