import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { LeakScanner } from '../../helpers/leak-scanner.ts';

const prose = Buffer.from(
  'A relay holds opaque blobs; it never sees a key, a file name or one byte of what they say. '.repeat(40) +
    'Only the vault can read them, and it lives on the devices of its owner.',
);
const binary = randomBytes(300_000);
const key = randomBytes(32);
const scanner = new LeakScanner(
  [prose, binary],
  [
    { label: 'key', bytes: key },
    { label: 'file name', bytes: Buffer.from('tax return 2026.pdf') },
  ],
);

/** Noise with `inside` somewhere in it, on no special boundary. */
function bury(inside: Uint8Array, before = 100_003): Buffer {
  return Buffer.concat([randomBytes(before), inside, randomBytes(50_001)]);
}

/** A piece of the input in noise, whose neighbours there differ from those in the input: they would make it longer by chance. */
function buryPiece(offset: number, length: number): Buffer {
  const place = bury(binary.subarray(offset, offset + length));
  place[100_002] = ~(binary[offset - 1] ?? 0);
  place[100_003 + length] = ~(binary[offset + length] ?? 0);
  return place;
}

test.each([0, 1, 7, 123_457, binary.length - 24])('finds 24 bytes of the input from offset %i', (offset) => {
  const leaks = scanner.scan('disk', buryPiece(offset, 24));
  expect(leaks).toHaveLength(1);
  expect(leaks[0]).toMatchObject({ place: 'disk', offset: 100_003 });
});

test('finds text of the input, at the very start and end of a place', () => {
  expect(scanner.scan('log', prose.subarray(10, 34))).not.toEqual([]);
  expect(scanner.scan('log', Buffer.concat([randomBytes(99), prose.subarray(-24)]))).not.toEqual([]);
});

test('23 bytes are not a window, and noise is no leak', () => {
  expect(scanner.scan('disk', buryPiece(5000, 23))).toEqual([]);
  expect(scanner.scan('disk', randomBytes(4_000_000))).toEqual([]);
});

test('trivial runs are no leak', () => {
  const padded = new LeakScanner([Buffer.concat([Buffer.alloc(4096), Buffer.from('-'.repeat(80))])], []);
  expect(padded.scan('disk', bury(Buffer.alloc(512)))).toEqual([]);
});

test.each([
  ['raw', key],
  ['hex', Buffer.from(key.toString('hex'))],
  ['base64', Buffer.from(key.toString('base64'))],
  ['base64url', Buffer.from(key.toString('base64url'))],
])('finds a key written as %s', (_name, written) => {
  expect(scanner.scan('request', bury(written)).map((leak) => leak.what)).toContain('key');
});

test.each(['tax return 2026.pdf', 'tax%20return%202026.pdf'])(
  'finds a file name written as %s',
  (written) => {
    expect(scanner.scan('request', bury(Buffer.from(written))).map((leak) => leak.what)).toContain(
      'file name',
    );
  },
);
