import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex } from '../../../../shared/bytes.ts';
import { AppError } from '../../../../shared/errors.ts';
import { MerkleBuilder } from '../../../../shared/format/merkle.ts';
import { readVectors } from '../support/vectors.ts';

const vectors = (await readVectors('merkle')) as { leaves: string[]; roots: Record<string, string> };

const hash = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RFC 6962 §2.1, word for word. */
function mth(leaves: readonly Uint8Array[]): Buffer {
  const [first] = leaves;
  if (first === undefined) return hash();
  if (leaves.length === 1) return hash(Buffer.of(0), first);
  const k = 2 ** (Math.ceil(Math.log2(leaves.length)) - 1);
  return hash(Buffer.of(1), mth(leaves.slice(0, k)), mth(leaves.slice(k)));
}

function rootOf(leaves: readonly Uint8Array[]): string {
  const builder = new MerkleBuilder();
  for (const leaf of leaves) builder.add(leaf);
  return builder.root();
}

test.each(Object.entries(vectors.roots))('the root of %s leaves is Python’s', (count, root) => {
  expect(rootOf(vectors.leaves.slice(0, Number(count)).map(fromHex))).toBe(root);
});

test('any number of leaves gives RFC 6962’s root, and asking does not change it', () => {
  const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(fc.array(leaf, { maxLength: 70 }), (leaves) => {
      const builder = new MerkleBuilder();
      for (const [i, next] of leaves.entries()) {
        expect(builder.root()).toBe(mth(leaves.slice(0, i)).toString('hex'));
        builder.add(next);
      }
      expect(builder.root()).toBe(mth(leaves).toString('hex'));
    }),
  );
});

test('order matters, and leaves are 32 bytes', () => {
  const leaves = vectors.leaves.slice(0, 5).map(fromHex);
  expect(rootOf(leaves.toReversed())).not.toBe(rootOf(leaves));
  for (const length of [0, 31, 33, 64]) {
    expect(() => {
      new MerkleBuilder().add(new Uint8Array(length));
    }).toThrow(AppError);
  }
});
