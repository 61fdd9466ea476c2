import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeEntries, parseEntry } from '../../../../shared/vault/index-entry.ts';
import type { IndexEntry } from '../../../../shared/vault/index-entry.ts';
import { listFiles } from '../../../../shared/vault/index-tree.ts';
import { VaultIndex } from '../../../../shared/vault/vault-index.ts';
import { mergeAll, newFile, play, shownFiles, snapshot, steps } from './index-arbitraries.ts';

const deviceOf = (byte: number): VaultIndex => new VaultIndex(new Uint8Array(16).fill(byte));

describe('devices that change a vault without waiting for each other', () => {
  it('come to the same, in whatever order and however often they hear of each other', () => {
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (history, random) => {
        const { devices } = play(history);
        const merged = mergeAll(devices);
        const entries = devices.flatMap((index) => [...index.entries()]);
        const shuffled = deviceOf(50);
        // Some of them twice.
        for (const entry of [...entries, ...entries.slice(0, 5)]
          .map((each) => ({ each, at: Number(random.next().value) }))
          .sort((a, b) => a.at - b.at)
          .map(({ each }) => each))
          shuffled.merge(entry);
        expect(snapshot(shuffled)).toEqual(snapshot(merged));
        expect(shownFiles(shuffled)).toEqual(shownFiles(merged));
        // Two that have exchanged all they have, either way round.
        const [a, b, c] = devices;
        if (a === undefined || b === undefined || c === undefined) throw new Error('No devices.');
        const oneWay = mergeAll([mergeAll([a, b]), c]);
        const otherWay = mergeAll([a, mergeAll([c, b])]);
        expect(snapshot(oneWay)).toEqual(snapshot(otherWay));
      }),
      { numRuns: 300 },
    );
  });

  it('lose no file: each that nobody deleted is shown once, under a path of its own', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const { devices, kept } = play(history);
        const shown = shownFiles(mergeAll(devices));
        // What a device deleted another may not have heard of; after the merge it is gone.
        expect(new Set(shown.map(({ id }) => id))).toEqual(kept);
        expect(shown).toHaveLength(kept.size);
        expect(new Set(shown.map(({ path }) => path)).size).toBe(shown.length);
      }),
      { numRuns: 500 },
    );
  });

  it('merge entries by a rule that has no order, with fields that this version does not know', () => {
    const stamp = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom('aa'.repeat(16), 'bb'.repeat(16)));
    const entry = fc.record(
      {
        id: fc.constant('01'.repeat(16)),
        kind: fc.constantFrom('file', 'folder', 'symlink'),
        place: fc.record({ at: stamp, parent: fc.constant(null), name: fc.constantFrom('x', 'y') }),
        deleted: stamp,
        colour: fc.jsonValue(),
        ['__proto__x']: fc.jsonValue(),
      },
      { requiredKeys: ['id', 'kind', 'place'] },
    ) as fc.Arbitrary<IndexEntry>;
    fc.assert(
      fc.property(entry, entry, entry, (a, b, c) => {
        expect(mergeEntries(a, b)).toEqual(mergeEntries(b, a));
        expect(mergeEntries(mergeEntries(a, b), c)).toEqual(mergeEntries(a, mergeEntries(b, c)));
        expect(mergeEntries(a, a)).toEqual(a);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('what a person sees', () => {
  it('is paths, with folders made as needed', () => {
    const index = deviceOf(1);
    index.addFile(index.makeFolders('photos/2026'), 'a.jpg', newFile(1));
    index.addFile(index.makeFolders('/photos/2026/'), 'b.jpg', newFile(2));
    index.addFile(index.makeFolders(''), 'c.txt', newFile(3));
    expect(shownFiles(index).map(({ path }) => path)).toEqual([
      'c.txt',
      'photos/2026/a.jpg',
      'photos/2026/b.jpg',
    ]);
    expect(index.size).toBe(5);
  });

  it('shows folders that two devices made under one name as one, and numbers files of one name', () => {
    const [a, b] = [deviceOf(1), deviceOf(2)];
    a.addFile(a.makeFolders('photos'), 'a.jpg', newFile(1));
    b.addFile(b.makeFolders('photos'), 'a.jpg', newFile(2));
    const merged = mergeAll([a, b]);
    const paths = ['photos/a (2).jpg', 'photos/a.jpg'];
    expect(shownFiles(merged).map(({ path }) => path)).toEqual(paths);
    expect(merged.tree().children.size).toBe(1);
  });

  it('keeps a deleted folder while there is something in it that its deleter did not know', () => {
    const a = deviceOf(1);
    const folder = a.addFolder(null, 'old');
    const b = mergeAll([a]);
    a.remove(folder);
    expect(mergeAll([a, b]).tree().children.size).toBe(0);
    b.addFile(folder, 'new.txt', newFile(1));
    expect(shownFiles(mergeAll([a, b])).map(({ path }) => path)).toEqual(['old/new.txt']);
  });

  it('brings a circle that two moves have closed to the top', () => {
    const a = deviceOf(1);
    const [x, y] = [a.addFolder(null, 'x'), a.addFolder(null, 'y')];
    a.addFile(x, '1', newFile(1));
    a.addFile(y, '2', newFile(2));
    const b = mergeAll([a]);
    a.move(x, y, 'x');
    b.move(y, x, 'y');
    const merged = mergeAll([a, b]);
    expect(shownFiles(merged).map(({ path }) => path)).toEqual(['y/2', 'y/x/1']);
    // And a move there ends.
    merged.move(x, null, 'x');
    expect(shownFiles(merged).map(({ path }) => path)).toEqual(['x/1', 'x/y/2']);
  });

  it('refuses a folder inside itself, a parent that is a file, and names that are none', () => {
    const index = deviceOf(1);
    const outer = index.addFolder(null, 'outer');
    const inner = index.addFolder(outer, 'inner');
    const file = index.addFile(inner, 'f', newFile(1));
    const code = (work: () => unknown): unknown => {
      try {
        return work();
      } catch (error) {
        return (error as { code: string }).code;
      }
    };
    expect(code(() => index.move(outer, inner, 'outer'))).toBe('BAD_INPUT');
    expect(code(() => index.move(outer, outer, 'outer'))).toBe('BAD_INPUT');
    expect(code(() => index.addFolder(file, 'x'))).toBe('NOT_FOUND');
    for (const name of ['', '.', '..', 'a/b', 'a\0', 'x'.repeat(256), '\ud800'])
      expect(
        code(() => index.addFolder(null, name)),
        name,
      ).toBe('BAD_INPUT');
    expect(listFiles(index.tree())).toHaveLength(1);
  });
});

it('reads entries, or says CORRUPT', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(() => parseEntry(value)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
    }),
  );
  const index = deviceOf(1);
  index.addFile(null, 'f', newFile(1));
  for (const entry of index.entries()) {
    expect(parseEntry({ ...entry, later: [1] })).toEqual({ ...entry, later: [1] });
    const { file, ...without } = entry;
    expect(file).toBeDefined();
    expect(() => parseEntry(without)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  }
});
