import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { fromHex, toHex, utf8 } from '../../../../shared/bytes.ts';
import type { Bytes } from '../../../../shared/bytes.ts';
import { createBlockCodec } from '../../../../shared/codec/block-codec.ts';
import type { BlockCodec } from '../../../../shared/codec/block-codec.ts';
import { COMPRESSION_MODES } from '../../../../shared/codec/compression.ts';
import type { Compression } from '../../../../shared/codec/compression.ts';
import { BACKENDS } from '../../../../shared/crypto/backend.ts';
import type { Backend } from '../../../../shared/crypto/backend.ts';
import {
  chunkIdFrom,
  chunkIdOf,
  deleteToken,
  isOwnChunk,
  openChunk,
  sealBlock,
} from '../../../../shared/format/chunk.ts';
import type { SealedBlock } from '../../../../shared/format/chunk-types.ts';
import { parseChunkId } from '../../../../shared/ids.ts';
import { BLOCK_BYTES, MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from '../../../../shared/limits.ts';
import { codeOf, loadTestXz, python, readVectors, repeated } from '../support/vectors.ts';

interface ChunkVector {
  name: string;
  unit: string;
  size: number;
  compression: Compression;
  key: string;
  iv: string;
  delete_key: string;
  body_hash: string;
  delete_token: string;
  verifier: string;
  id: string;
  chunk_sha256: string;
  chunk: string | null;
}
const { vectors } = (await readVectors('chunk')) as { vectors: ChunkVector[] };
const random = (length: number): Bytes => new Uint8Array(randomBytes(length));
const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

let codec: BlockCodec;
beforeAll(async () => {
  codec = createBlockCodec(await loadTestXz());
});

const keys = { key: random(32), deleteKey: random(32) };
const TEXT = utf8('Call me Ishmael. Some years ago, never mind how long precisely. ');

function open(sealed: SealedBlock, changes: object = {}, backend: Backend = 'webcrypto'): Promise<Bytes> {
  const { id, chunk, compression, size } = sealed;
  return openChunk({ id, chunk, key: keys.key, compression, size, ...changes }, codec, backend);
}

describe.each(BACKENDS)('%s', (backend) => {
  test.each(vectors.filter((vector) => vector.chunk !== null))(
    'opens Python’s chunk: $name',
    async (vector) => {
      const chunk = fromHex(vector.chunk ?? '');
      const { compression, size } = vector;
      const id = parseChunkId(vector.id);
      const block = await openChunk(
        { id, chunk, key: fromHex(vector.key), compression, size },
        codec,
        backend,
      );
      expect(Buffer.compare(block, repeated(fromHex(vector.unit), size))).toBe(0);
      expect(await chunkIdOf(chunk, backend)).toBe(vector.id);
      const hashes = { verifier: fromHex(vector.verifier), bodyHash: fromHex(vector.body_hash) };
      expect(chunkIdFrom(hashes.verifier, hashes.bodyHash)).toBe(vector.id);
      expect(await isOwnChunk(fromHex(vector.delete_key), hashes, backend)).toBe(true);
      expect(await isOwnChunk(random(32), hashes, backend)).toBe(false);
    },
  );

  test.each(vectors.filter((vector) => vector.compression === 'none'))(
    'makes Python’s chunk: $name',
    async (vector) => {
      const block = repeated(fromHex(vector.unit), vector.size);
      const job = {
        block,
        key: fromHex(vector.key),
        deleteKey: fromHex(vector.delete_key),
        iv: fromHex(vector.iv),
        mode: 'none' as const,
      };
      const sealed = await sealBlock(job, codec, backend);
      expect(sealed.id).toBe(vector.id);
      expect(toHex(sealed.bodyHash)).toBe(vector.body_hash);
      expect(sha256(sealed.chunk).toString('hex')).toBe(vector.chunk_sha256);
      expect(toHex(sealed.blockHash)).toBe(sha256(block).toString('hex'));
      expect(sealed).toMatchObject({ compression: 'none', size: vector.size });
      expect(toHex(await deleteToken(job.deleteKey, sealed.bodyHash, backend))).toBe(vector.delete_token);
    },
  );

  test.each([1, 15, 16, 17, BLOCK_BYTES - 1, BLOCK_BYTES])(
    '%i bytes come back in every mode',
    async (size) => {
      for (const mode of COMPRESSION_MODES) {
        for (const block of [repeated(TEXT, size), random(size)]) {
          const sealed = await sealBlock({ block, ...keys, mode }, codec, backend);
          expect(sealed.chunk.length).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
          expect(sealed.chunk.length).toBeGreaterThanOrEqual(MIN_CHUNK_BYTES);
          expect(Buffer.compare(await open(sealed, {}, backend), block)).toBe(0);
        }
      }
    },
  );

  test('a full random block is exactly the largest chunk, a byte the smallest', async () => {
    const largest = await sealBlock(
      { block: random(BLOCK_BYTES), ...keys, mode: 'smallest' },
      codec,
      backend,
    );
    const smallest = await sealBlock({ block: random(1), ...keys, mode: 'smallest' }, codec, backend);
    expect([largest.chunk.length, smallest.chunk.length]).toEqual([MAX_CHUNK_BYTES, MIN_CHUNK_BYTES]);
  });

  test('no block, and more than a block, are refused', async () => {
    for (const size of [0, BLOCK_BYTES + 1]) {
      const job = { block: new Uint8Array(size), ...keys, mode: 'none' as const };
      expect(await codeOf(sealBlock(job, codec, backend))).toBe('BAD_INPUT');
    }
  });

  test('the ids and tokens are those of node:crypto', async () => {
    const sealed = await sealBlock({ block: repeated(TEXT, 5000), ...keys, mode: 'fast' }, codec, backend);
    const bodyHash = sha256(sealed.chunk.subarray(32));
    const token = createHmac('sha256', keys.deleteKey).update(bodyHash).digest();
    expect(toHex(sealed.chunk.subarray(0, 32))).toBe(sha256(token).toString('hex'));
    expect(sealed.id).toBe(sha256(sealed.chunk.subarray(0, 32), bodyHash).toString('hex'));
  });

  test('the same IV gives the same chunk, no IV another each time', async () => {
    const job = { block: repeated(TEXT, 5000), ...keys, mode: 'smallest' as const };
    const first = await sealBlock(job, codec, backend);
    expect((await sealBlock({ ...job, iv: first.iv }, codec, backend)).id).toBe(first.id);
    expect((await sealBlock(job, codec, backend)).id).not.toBe(first.id);
  });

  test('a changed bit anywhere in a chunk is CORRUPT', async () => {
    const sealed = await sealBlock({ block: repeated(TEXT, 100), ...keys, mode: 'smallest' }, codec, backend);
    for (let i = 0; i < sealed.chunk.length; i++) {
      const chunk = sealed.chunk.slice();
      chunk[i] = (chunk[i] ?? 0) ^ 1;
      expect(await codeOf(open(sealed, { chunk }, backend)), `byte ${i}`).toBe('CORRUPT');
    }
  });
});

test('truncated, extended, empty and foreign chunks are CORRUPT', async () => {
  const seal = (): Promise<SealedBlock> => sealBlock({ block: random(1000), ...keys, mode: 'none' }, codec);
  const [sealed, other] = [await seal(), await seal()];
  for (let length = 0; length < sealed.chunk.length; length += 7) {
    expect(await codeOf(open(sealed, { chunk: sealed.chunk.slice(0, length) }))).toBe('CORRUPT');
  }
  const longer = new Uint8Array([...sealed.chunk, 0]);
  expect(await codeOf(open(sealed, { chunk: longer }))).toBe('CORRUPT');
  expect(await codeOf(open(sealed, { chunk: new Uint8Array(MAX_CHUNK_BYTES + 1) }))).toBe('CORRUPT');
  expect(await codeOf(open(sealed, { chunk: other.chunk }))).toBe('CORRUPT');
  expect(await codeOf(chunkIdOf(new Uint8Array(MIN_CHUNK_BYTES - 1)))).toBe('CORRUPT');
});

test('a verifier copied onto another body is another chunk', async () => {
  const [mine, theirs] = await Promise.all(
    [0, 1].map(() => sealBlock({ block: random(100), ...keys, mode: 'none' }, codec)),
  );
  if (mine === undefined || theirs === undefined) throw new Error('unreachable');
  const forged = theirs.chunk.slice();
  forged.set(mine.chunk.subarray(0, 32));
  expect(await chunkIdOf(forged)).not.toBe(mine.id);
  const parts = { verifier: forged.subarray(0, 32), bodyHash: theirs.bodyHash };
  expect(await isOwnChunk(keys.deleteKey, parts)).toBe(false);
});

test('a manifest that lies about size, compression or key gives CORRUPT', async () => {
  const sealed = await sealBlock({ block: repeated(TEXT, 2000), ...keys, mode: 'smallest' }, codec);
  expect(sealed.compression).toBe('xz');
  for (const size of [0, 1999, 2001, BLOCK_BYTES]) {
    expect(await codeOf(open(sealed, { size }))).toBe('CORRUPT');
  }
  for (const compression of ['zlib', 'none']) {
    expect(await codeOf(open(sealed, { compression }))).toBe('CORRUPT');
  }
  expect(await codeOf(open(sealed, { key: random(32) }))).toBe('CORRUPT');
});

test('arbitrary bytes are CORRUPT', async () => {
  const id = parseChunkId('0'.repeat(64));
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      const job = { id, chunk: bytes, key: keys.key, compression: 'xz' as const, size: 10 };
      expect(await codeOf(openChunk(job, codec))).toBe('CORRUPT');
    }),
  );
});

test('Python opens our chunks as the design promises', async () => {
  const program = `
import sys, base64, hashlib, lzma, zlib
from cryptography.fernet import Fernet
chunk = open(sys.argv[1], "rb").read()
assert hashlib.sha256(chunk[:32] + hashlib.sha256(chunk[32:]).digest()).hexdigest() == sys.argv[2]
data = Fernet(base64.urlsafe_b64encode(bytes.fromhex(sys.argv[3]))).decrypt(base64.urlsafe_b64encode(chunk[32:]))
data = {"xz": lzma.decompress, "zlib": zlib.decompress, "none": bytes}[sys.argv[4]](data)
print(hashlib.sha256(data).hexdigest())`;
  const dir = await mkdtemp(path.join(tmpdir(), 'lanvault-chunk-'));
  try {
    const block = repeated(TEXT, BLOCK_BYTES);
    for (const mode of COMPRESSION_MODES) {
      for (const backend of BACKENDS) {
        const sealed = await sealBlock({ block, ...keys, mode }, codec, backend);
        const file = path.join(dir, sealed.id);
        await writeFile(file, sealed.chunk);
        const digest = await python(program, file, sealed.id, toHex(keys.key), sealed.compression);
        expect(toHex(digest)).toBe(sha256(block).toString('hex'));
      }
    }
  } finally {
    await rm(dir, { recursive: true });
  }
});
