import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SetDigests } from '../../../../relay/services/gossip/set-digests.ts';
import { MemorySet, idOfValue } from './memory-set.ts';

/** As the docstring has it, without any of the shortcuts. */
function reference(ids: readonly string[], prefix: string): Buffer {
  const inside = ids.filter((id) => id.startsWith(prefix)).sort();
  const hash = createHash('sha256');
  if (inside.length <= 32) {
    hash.update(Buffer.from([0]));
    for (const id of inside) hash.update(Buffer.from(id, 'hex'));
  } else {
    hash.update(Buffer.from([1]));
    for (let digit = 0; digit < 16; digit++) hash.update(reference(inside, prefix + digit.toString(16)));
  }
  return hash.digest();
}

const values = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `value ${String(from + i)}`);

it.each([0, 1, 32, 33, 600, 3000])('the digest of %i ids is what its definition says', async (count) => {
  const set = new MemorySet(values(count));
  const digests = new SetDigests(set);
  for (const prefix of ['', '0', 'a7', 'f00'])
    expect(await digests.digest(prefix)).toBe(reference(set.ids, prefix).toString('hex'));
});

it('follows every change, however it came about', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 1500 })), { maxLength: 60 }),
      async (changes) => {
        const set = new MemorySet(values(700));
        const digests = new SetDigests(set);
        await digests.digest('');
        for (const [add, n] of changes) {
          const value = `value ${String(n)}`;
          if (add) set.insert(idOfValue(value), value);
          else set.remove(idOfValue(value));
          await digests.digest('');
        }
        expect(await digests.digest('')).toBe(reference(set.ids, '').toString('hex'));
      },
    ),
    { numRuns: 20 },
  );
});

it('costs little once it is known: one change recomputes one path', async () => {
  const set = new MemorySet(values(4000));
  const digests = new SetDigests(set);
  await digests.digest('');
  const before = digests.computed;
  await digests.digest('');
  expect(digests.computed).toBe(before);
  set.insert(idOfValue('one more'), 'one more');
  await digests.digest('');
  expect(digests.computed - before).toBeLessThanOrEqual(16);
});

it('tells sets apart whose ids have the same exclusive-or and the same sum', async () => {
  const tail = '00'.repeat(31);
  const [a, b] = [new MemorySet(), new MemorySet()];
  // 01 ⊕ 06 = 02 ⊕ 05, and 01 + 06 = 02 + 05.
  for (const byte of ['01', '06']) a.insert(byte + tail, byte);
  for (const byte of ['02', '05']) b.insert(byte + tail, byte);
  expect(await new SetDigests(a).digest('')).not.toBe(await new SetDigests(b).digest(''));
});

it('is bounded when an attacker grinds ids that share a long prefix', async () => {
  const set = new MemorySet();
  for (let i = 0; i < 200; i++) set.insert('ab'.repeat(28) + i.toString(16).padStart(8, '0'), 'x');
  const digests = new SetDigests(set);
  await digests.digest('');
  expect(digests.leaf('ab'.repeat(8))).toHaveLength(32);
  expect(digests.computed).toBeLessThan(1000);
});
