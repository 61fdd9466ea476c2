import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toHex, utf8 } from '../../../../shared/bytes.ts';
import type { Bytes } from '../../../../shared/bytes.ts';
import type { XzCodec } from '../../../../shared/codec/xz.ts';
import { AppError } from '../../../../shared/errors.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import { loadTestXz, repeated } from '../support/vectors.ts';

const run = promisify(execFile);
const ROOM = BLOCK_BYTES + 1024;
const TEXT = utf8('The quick brown fox jumps over the lazy dog. ');

let xz: XzCodec;
let dir: string;
beforeAll(async () => {
  xz = await loadTestXz();
  dir = await mkdtemp(path.join(tmpdir(), 'lanvault-xz-'));
});
afterAll(() => rm(dir, { recursive: true }));

function encoded(block: Uint8Array): Bytes {
  const stream = xz.encode(block, ROOM);
  if (stream === null) throw new Error('The stream did not fit.');
  return stream;
}

function codeOfDecode(stream: Uint8Array, sizeBytes: number): string {
  try {
    xz.decode(stream, sizeBytes);
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'decoded';
}

const SAMPLES: [string, Bytes][] = [
  ['empty', new Uint8Array()],
  ['one byte', new Uint8Array([7])],
  ['text', repeated(TEXT, 100_000)],
  ['block − 1', repeated(TEXT, BLOCK_BYTES - 1)],
  ['block of zeros', new Uint8Array(BLOCK_BYTES)],
  ['block of random bytes', new Uint8Array(randomBytes(BLOCK_BYTES))],
];

describe.each(SAMPLES)('%s', (name, block) => {
  test('the xz program and Python read ours', async () => {
    const file = path.join(dir, `${name}.xz`);
    await writeFile(file, encoded(block));
    const { stdout } = await run('xz', ['-dc', file], { encoding: 'buffer', maxBuffer: 4 * BLOCK_BYTES });
    expect(Buffer.compare(stdout, block)).toBe(0);
    const python = 'import sys,lzma,hashlib;print(hashlib.sha256(lzma.open(sys.argv[1]).read()).hexdigest())';
    const digest = await run('/usr/bin/python3', ['-c', python, file]);
    expect(digest.stdout.trim()).toBe(toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', block))));
  });

  test('we read what the xz program makes at the same settings', async () => {
    const file = path.join(dir, `${name}.raw`);
    await writeFile(file, block);
    await run('xz', ['-1e', '-kf', '--check=crc32', file]);
    const decoded = xz.decode(await readFile(`${file}.xz`), block.length);
    expect(Buffer.compare(decoded, block)).toBe(0);
  });
});

test('one stream, one block, CRC32, dictionary of a block: as the xz program lists it', async () => {
  const file = path.join(dir, 'listed.xz');
  await writeFile(file, encoded(repeated(TEXT, BLOCK_BYTES)));
  const { stdout } = await run('xz', ['--robot', '--list', '-vv', file]);
  const block = stdout.split('\n').find((line) => line.startsWith('block\t')) ?? '';
  expect(stdout).toContain('\nfile\t1\t1\t');
  expect(block).toContain('CRC32');
  expect(block).toContain('--lzma2=dict=1MiB');
});

test('as small as the xz program’s best with blocks of this size', async () => {
  const source = await readFile(path.join(import.meta.dirname, '../../../../package-lock.json'));
  const file = path.join(dir, 'best.json');
  await writeFile(file, source);
  const { stdout } = await run('xz', ['-9e', '-c', '--block-size=1MiB', file], {
    encoding: 'buffer',
    maxBuffer: 4 * BLOCK_BYTES,
  });
  expect(encoded(source).length).toBeLessThan(stdout.length * 1.01);
});

test('encode gives null rather than more than it may', () => {
  const block = repeated(TEXT, 10_000);
  const { length } = encoded(block);
  expect(xz.encode(block, length)).toHaveLength(length);
  for (const maxBytes of [length - 1, 32, 12, 1, 0]) expect(xz.encode(block, maxBytes)).toBeNull();
  expect(() => xz.encode(new Uint8Array(BLOCK_BYTES + 1), ROOM)).toThrow(AppError);
});

test('any other size than the promised one is CORRUPT', () => {
  const stream = encoded(repeated(TEXT, 1000));
  expect(xz.decode(stream, 1000)).toHaveLength(1000);
  for (const size of [0, 1, 999, 1001, BLOCK_BYTES, BLOCK_BYTES + 1, -1, 2 ** 32 + 1000]) {
    expect(codeOfDecode(stream, size), `${size}`).toBe('CORRUPT');
  }
});

test('decodeUpTo takes what fits', () => {
  const stream = encoded(repeated(TEXT, 1000));
  expect(xz.decodeUpTo(stream, 1000)).toHaveLength(1000);
  expect(xz.decodeUpTo(stream, BLOCK_BYTES)).toHaveLength(1000);
  expect(() => xz.decodeUpTo(stream, 999)).toThrow(AppError);
});

test('every truncation, trailing bytes and every changed byte are CORRUPT', () => {
  const stream = encoded(repeated(TEXT, 500));
  for (let length = 0; length < stream.length; length++) {
    expect(codeOfDecode(stream.subarray(0, length), 500)).toBe('CORRUPT');
  }
  for (const extra of [[0], [0, 0, 0, 0], [...stream]]) {
    expect(codeOfDecode(new Uint8Array([...stream, ...extra]), 500)).toBe('CORRUPT');
  }
  for (let i = 0; i < stream.length; i++) {
    const changed = stream.slice();
    changed[i] = (changed[i] ?? 0) ^ 0x55;
    expect(codeOfDecode(changed, 500), `byte ${i}`).toBe('CORRUPT');
  }
});

test('a bomb of 100 MiB is CORRUPT, and costs no memory', async () => {
  const file = path.join(dir, 'bomb.xz');
  const bomb = 'import sys,lzma;open(sys.argv[1],"wb").write(lzma.compress(bytes(100<<20),preset=1))';
  await run('/usr/bin/python3', ['-c', bomb, file]);
  const stream = await readFile(file);
  expect(stream.length).toBeLessThan(ROOM);
  for (const size of [1, BLOCK_BYTES]) expect(codeOfDecode(stream, size)).toBe('CORRUPT');
});

test('a stream whose dictionary is larger than a block is refused, not given memory', async () => {
  const file = path.join(dir, 'dictionary.xz');
  const program =
    'import sys,lzma;open(sys.argv[1],"wb").write(lzma.compress(b"x",filters=[{"id":lzma.FILTER_LZMA2,"dict_size":1<<30}]))';
  await run('/usr/bin/python3', ['-c', program, file]);
  expect(codeOfDecode(await readFile(file), 1)).toBe('CORRUPT');
});

test('arbitrary bytes, also behind a valid header, are CORRUPT', () => {
  const header = encoded(TEXT).subarray(0, 24);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, headed) => {
      const stream = headed ? new Uint8Array([...header, ...bytes]) : bytes;
      expect(codeOfDecode(stream, 100)).toBe('CORRUPT');
    }),
  );
});

test('an instance survives errors, and its memory does not grow with use', () => {
  const block = repeated(TEXT, BLOCK_BYTES);
  const stream = encoded(block);
  for (let round = 0; round < 5; round++) {
    expect(codeOfDecode(stream.subarray(0, 100), BLOCK_BYTES)).toBe('CORRUPT');
    expect(xz.encode(new Uint8Array(randomBytes(10_000)), 5000)).toBeNull();
    expect(Buffer.compare(xz.decode(stream, BLOCK_BYTES), block)).toBe(0);
  }
});
