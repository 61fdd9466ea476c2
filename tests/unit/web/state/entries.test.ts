import { describe, expect, it } from 'vitest';
import {
  allFolders,
  contentOf,
  filesWithin,
  isWithin,
  search,
  trail,
} from '../../../../web/state/entries.ts';
import { storedFile } from './fake-engine.ts';

const at = (path: string, sizeBytes = 10, created = '2026-01-01T00:00:00Z') =>
  storedFile({ path, name: path.split('/').at(-1) ?? '', sizeBytes, created });

const files = [
  at('note.txt', 1),
  at('holiday/sea.jpg', 20, '2026-03-01T00:00:00Z'),
  at('holiday/2026/hill.jpg', 300, '2026-02-01T00:00:00Z'),
  at('holidays.txt', 4000),
];
const folders = ['holiday', 'empty', 'empty/inner'];

describe('contentOf', () => {
  it('has the files of the top, and its folders with all that they hold', () => {
    const top = contentOf('', files, folders);
    expect(top.files.map(({ path }) => path)).toEqual(['note.txt', 'holidays.txt']);
    expect(
      top.folders.map(({ path, fileCount, sizeBytes, created }) => [path, fileCount, sizeBytes, created]),
    ).toEqual([
      ['holiday', 2, 320, '2026-03-01T00:00:00Z'],
      ['empty', 0, 0, null],
    ]);
  });

  it('has what is right in a folder, and not what only begins like it', () => {
    const inside = contentOf('holiday', files, folders);
    expect(inside.files.map(({ name }) => name)).toEqual(['sea.jpg']);
    expect(inside.folders.map(({ name, path, fileCount }) => [name, path, fileCount])).toEqual([
      ['2026', 'holiday/2026', 1],
    ]);
    expect(contentOf('empty', files, folders).folders.map(({ path }) => path)).toEqual(['empty/inner']);
    expect(contentOf('nowhere', files, folders)).toEqual({ files: [], folders: [] });
  });
});

describe('search', () => {
  const found = (query: string): string[] =>
    search(query, files, folders).map(({ key }) => key.replace(/ [0-9a-f]{64}/, ''));

  it('finds files in all folders by every word of their path, in any case', () => {
    expect(found('HILL 2026')).toEqual(['file holiday/2026/hill.jpg']);
    expect(found('.jpg')).toEqual(['file holiday/sea.jpg', 'file holiday/2026/hill.jpg']);
    expect(found('none of it')).toEqual([]);
  });

  it('finds folders by their own names, with all that they hold', () => {
    expect(found('holiday')).toEqual([
      'folder holiday',
      'file holiday/sea.jpg',
      'file holiday/2026/hill.jpg',
      'file holidays.txt',
    ]);
    expect(search('2026', files, folders)[0]).toMatchObject({
      path: 'holiday/2026',
      fileCount: 1,
      sizeBytes: 300,
    });
    expect(search('holiday', files, folders)[0]).toMatchObject({ path: 'holiday', fileCount: 2 });
  });
});

it('finds the files that were chosen, and those in folders, in a list that was made anew', () => {
  const top = contentOf('', files, folders);
  const chosen = [...top.files.slice(0, 1), ...top.folders];
  const anew = files.map((file) => ({ ...file }));
  expect(filesWithin(chosen, anew).map(({ path }) => path)).toEqual([
    'note.txt',
    'holiday/sea.jpg',
    'holiday/2026/hill.jpg',
  ]);
});

it('lists all folders, those that only files name included, each right after the one it is in', () => {
  expect(allFolders(files, ['b/10', 'b/9', 'b c'])).toEqual([
    'b',
    'b/9',
    'b/10',
    'b c',
    'holiday',
    'holiday/2026',
  ]);
});

it('knows what is in a folder, and the way to it', () => {
  expect(isWithin('a/b', 'a')).toBe(true);
  expect(isWithin('a', 'a')).toBe(false);
  expect(isWithin('ab', 'a')).toBe(false);
  expect(isWithin('a', '')).toBe(true);
  expect(isWithin('', '')).toBe(false);
  expect(trail('a/b/c')).toEqual(['a', 'a/b', 'a/b/c']);
  expect(trail('')).toEqual([]);
});
