import { randomBytes } from 'node:crypto';
import { constants, deflateSync, inflateSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { utf8 } from '../../../../shared/bytes.ts';
import { createBlockCodec } from '../../../../shared/codec/block-codec.ts';
import type { BlockCodec } from '../../../../shared/codec/block-codec.ts';
import { COMPRESSIONS, COMPRESSION_MODES } from '../../../../shared/codec/compression.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import { codeOf, loadTestXz, repeated } from '../support/vectors.ts';

const TEXT = utf8('It was the best of times, it was the worst of times. ');
const random = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(length));

let codec: BlockCodec;
beforeAll(async () => {
  codec = createBlockCodec(await loadTestXz());
});

const SIZES = [1, 15, 16, 17, 1000, 4095, 4096, 4097, BLOCK_BYTES - 1, BLOCK_BYTES];

describe.each(COMPRESSION_MODES)('%s', (mode) => {
  test.each(SIZES)('%i bytes of text come back', async (size) => {
    const block = repeated(TEXT, size);
    const { compression, bytes } = await codec.compress(block, mode);
    if (size >= 1000 && mode !== 'none') expect(compression).toBe(mode === 'fast' ? 'zlib' : 'xz');
    expect(bytes.length).toBeLessThanOrEqual(compression === 'none' ? size : size * 0.97);
    expect(Buffer.compare(await codec.decompress(bytes, compression, size), block)).toBe(0);
  });

  test.each(SIZES)('%i random bytes are stored as they are', async (size) => {
    const block = random(size);
    const { compression, bytes } = await codec.compress(block, mode);
    expect(compression).toBe('none');
    expect(bytes).toBe(block);
  });

  test('more than a block is refused', async () => {
    expect(await codeOf(codec.compress(new Uint8Array(BLOCK_BYTES + 1), mode))).toBe('BAD_INPUT');
  });

  test('any block comes back', async () => {
    const runs = fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.nat(500)), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(runs, async (parts) => {
        const block = new Uint8Array(Buffer.concat(parts.map(([unit, size]) => repeated(unit, size))));
        const { compression, bytes } = await codec.compress(block, mode);
        const back = await codec.decompress(bytes, compression, block.length);
        expect(Buffer.compare(back, block)).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});

test('a compression that saves less than 3 % is not used', async () => {
  // 2 % of text in random bytes: LZMA would save them.
  const block = random(BLOCK_BYTES);
  block.set(repeated(TEXT, BLOCK_BYTES * 0.02));
  expect((await codec.compress(block, 'smallest')).compression).toBe('none');
  block.set(repeated(TEXT, BLOCK_BYTES * 0.05));
  expect((await codec.compress(block, 'smallest')).compression).toBe('xz');
});

test('zlib streams are what node:zlib reads and writes', async () => {
  const block = repeated(TEXT, 100_000);
  const { bytes } = await codec.compress(block, 'fast');
  expect(Buffer.compare(inflateSync(bytes), block)).toBe(0);
  for (const level of [0, 1, 9]) {
    const theirs = new Uint8Array(deflateSync(block, { level }));
    expect(Buffer.compare(await codec.decompress(theirs, 'zlib', block.length), block)).toBe(0);
  }
});

test('any other size than the promised one is CORRUPT', async () => {
  for (const mode of COMPRESSION_MODES) {
    const { compression, bytes } = await codec.compress(repeated(TEXT, 5000), mode);
    for (const size of [0, 1, 4999, 5001, BLOCK_BYTES]) {
      expect(await codeOf(codec.decompress(bytes, compression, size)), `${mode} ${size}`).toBe('CORRUPT');
    }
  }
});

test('zlib: truncations, trailing bytes and changed bytes are CORRUPT', async () => {
  const stream = new Uint8Array(deflateSync(repeated(TEXT, 500)));
  for (let length = 0; length < stream.length; length++) {
    expect(await codeOf(codec.decompress(stream.slice(0, length), 'zlib', 500))).toBe('CORRUPT');
  }
  for (const extra of [[0], [...stream]]) {
    expect(await codeOf(codec.decompress(new Uint8Array([...stream, ...extra]), 'zlib', 500))).toBe(
      'CORRUPT',
    );
  }
  const checksum = stream.slice();
  checksum[stream.length - 1] = (checksum[stream.length - 1] ?? 0) ^ 1;
  expect(await codeOf(codec.decompress(checksum, 'zlib', 500))).toBe('CORRUPT');
});

test('a zlib bomb of 900 MiB is CORRUPT long before it is unpacked', async () => {
  const unit = deflateSync(new Uint8Array(32 * 2 ** 20), { finishFlush: constants.Z_SYNC_FLUSH });
  const bomb = new Uint8Array(Buffer.concat([unit, ...Array.from({ length: 28 }, () => unit.subarray(2))]));
  const Inflater = DecompressionStream;
  let unpackedBytes = 0;
  let largestSliceBytes = 0;
  class CountingInflater {
    readonly writable;
    readonly readable;
    constructor(format: CompressionFormat) {
      const inflater = new Inflater(format);
      const feed = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(bytes, controller) {
          largestSliceBytes = Math.max(largestSliceBytes, bytes.length);
          controller.enqueue(bytes);
        },
      });
      this.writable = feed.writable;
      this.readable = feed.readable.pipeThrough(inflater).pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(bytes, controller) {
            unpackedBytes += bytes.length;
            controller.enqueue(bytes);
          },
        }),
      );
    }
  }
  vi.stubGlobal('DecompressionStream', CountingInflater);
  try {
    expect(await codeOf(codec.decompress(bomb, 'zlib', BLOCK_BYTES))).toBe('CORRUPT');
  } finally {
    vi.unstubAllGlobals();
  }
  expect(unpackedBytes).toBeGreaterThan(BLOCK_BYTES);
  expect(unpackedBytes).toBeLessThan(6 * 2 ** 20);
  // A platform may unpack all that it is given before it lets us look: deflate gives 1032 bytes for one at most.
  expect(largestSliceBytes * 1032).toBeLessThan(6 * 2 ** 20);
});

test('arbitrary bytes are a block or CORRUPT', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 100 }),
      fc.constantFrom(...COMPRESSIONS),
      fc.nat(200),
      async (bytes, compression, size) => {
        if (compression === 'none' && bytes.length === size) return;
        expect(await codeOf(codec.decompress(bytes, compression, size))).toBe('CORRUPT');
      },
    ),
  );
});
