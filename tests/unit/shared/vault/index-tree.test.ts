/** As many folders as an index may have, arranged by whoever writes it. */
import { expect, it } from 'vitest';
import { MAX_INDEX_ENTRIES } from '../../../../shared/limits.ts';
import type { IndexEntry } from '../../../../shared/vault/index-entry.ts';
import { buildTree, listFolders } from '../../../../shared/vault/index-tree.ts';

/** Many times what it takes: work that grows with the square of the folders takes half a minute. */
const MAX_CPU_MS = 5000;

function folders(nameOf: (number: number) => string): ReadonlyMap<string, IndexEntry> {
  const numbers = Array.from({ length: MAX_INDEX_ENTRIES }, (_, number) => number);
  return new Map(
    numbers.map((number) => {
      const id = number.toString(16).padStart(32, '0');
      const place = { at: [1, id] as [number, string], parent: null, name: nameOf(number) };
      return [id, { id, kind: 'folder', place }];
    }),
  );
}

it.each([
  ['one name, which are shown as one', () => 'same', 1],
  ['a name of their own', (number: number) => `folder ${String(number)}`, MAX_INDEX_ENTRIES],
])('shows very many folders of %s', (_, nameOf, shown) => {
  const entries = folders(nameOf);
  const before = process.threadCpuUsage();
  const root = buildTree(entries);
  const { user, system } = process.threadCpuUsage(before);
  expect(root.children.size).toBe(shown);
  expect(listFolders(root)).toHaveLength(shown);
  expect((user + system) / 1000).toBeLessThan(MAX_CPU_MS);
});
