import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { StoredUsage } from '../../../../shared/engine/stored-usage.ts';
import type { HeldRow } from '../../../../shared/engine/prune-inventories.ts';
import { BLOCK_BYTES, MAX_CHUNK_BYTES } from '../../../../shared/limits.ts';
import { OwnerSwarm, chunkOf, rowOf } from './owner-bench.ts';
import type { TestChunk } from './owner-bench.ts';

const { ids } = new OwnerSwarm(7);

function rows(chunk: TestChunk, copies: number, size: number): HeldRow[] {
  return ids.slice(0, copies).map((relay) => ({ relay, entry: { ...rowOf(chunk), size } }));
}

it('tells what one’s own blocks take, and how many copies they have', () => {
  const [full, surplus, few, lost] = Array.from({ length: 4 }, () => chunkOf(randomBytes(32)));
  if (!full || !surplus || !few || !lost) throw new Error('Four chunks were made.');
  const usage = new StoredUsage();
  for (const { id } of [full, surplus, few, lost]) usage.add(id, BLOCK_BYTES);
  usage.add(few.id, BLOCK_BYTES);
  usage.see(rows(full, 5, 1000));
  usage.see(rows(surplus, 7, 2000));
  usage.see(rows(few, 2, 3000));
  usage.see(rows(chunkOf(randomBytes(32)), 5, 9999));
  usage.see([]);
  expect(usage.figures()).toEqual({
    blocks: 4,
    plainBytes: 4 * BLOCK_BYTES,
    foundPlainBytes: 3 * BLOCK_BYTES,
    storedBytes: 6000,
    copiesBytes: 5 * 1000 + 7 * 2000 + 2 * 3000,
    byCopies: [1, 0, 1, 0, 0, 2],
    complete: true,
  });
});

it('believes no relay that a chunk is larger than one can be', () => {
  const chunk = chunkOf(randomBytes(32));
  const usage = new StoredUsage();
  usage.add(chunk.id, 5);
  usage.see(rows(chunk, 1, Number.MAX_SAFE_INTEGER));
  expect(usage.figures()).toMatchObject({ storedBytes: MAX_CHUNK_BYTES, copiesBytes: MAX_CHUNK_BYTES });
});
