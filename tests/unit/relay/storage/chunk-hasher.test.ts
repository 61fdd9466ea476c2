import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ChunkHasher, isChunk } from '../../../../relay/storage/chunk-hasher.ts';
import { MAX_CHUNK_BYTES, MIN_CHUNK_BYTES } from '../../../../shared/limits.ts';
import { idOf, sampleChunk } from '../fixtures.ts';

describe('ChunkHasher', () => {
  it('gives the same id however the bytes are cut', () => {
    const bytes = fc.uint8Array({ minLength: MIN_CHUNK_BYTES, maxLength: 400 });
    const cuts = fc.array(fc.nat(60), { maxLength: 40 });
    fc.assert(
      fc.property(bytes, cuts, (chunk, lengths) => {
        const hasher = new ChunkHasher();
        let at = 0;
        for (const length of lengths) {
          hasher.update(chunk.subarray(at, at + length));
          at = Math.min(chunk.length, at + length);
        }
        hasher.update(chunk.subarray(at));
        const digest = hasher.digest();
        expect(digest.id).toBe(idOf(chunk));
        expect(digest.sizeBytes).toBe(chunk.length);
        expect(digest.verifier).toBe(Buffer.from(chunk.subarray(0, 32)).toString('hex'));
        expect(digest.bodyHash).toBe(createHash('sha256').update(chunk.subarray(32)).digest('hex'));
      }),
    );
  });

  it('refuses more than a chunk can have at once, and less than it must at the end', () => {
    const hasher = new ChunkHasher();
    hasher.update(new Uint8Array(MAX_CHUNK_BYTES));
    expect(() => hasher.update(new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'TOO_LARGE' }));
    const short = new ChunkHasher();
    short.update(new Uint8Array(MIN_CHUNK_BYTES - 1));
    expect(() => short.digest()).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });
});

describe('isChunk', () => {
  it('knows a chunk from its neighbour of one bit, and from anything of an impossible size', () => {
    const { id, bytes } = sampleChunk(500);
    expect(isChunk(id, bytes)).toBe(true);
    for (const at of [0, 31, 32, 499]) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(isChunk(id, changed)).toBe(false);
    }
    expect(isChunk(id, bytes.subarray(0, 499))).toBe(false);
    expect(isChunk(id, new Uint8Array(0))).toBe(false);
    expect(isChunk(id, new Uint8Array(MAX_CHUNK_BYTES + 1))).toBe(false);
  });
});
