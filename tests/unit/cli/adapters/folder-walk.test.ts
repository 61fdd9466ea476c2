import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { filesBelow, isFolder } from '../../../../cli/adapters/folder-walk.ts';
import { TempFolder } from './temp-folder.ts';

async function tempFolder(): Promise<TempFolder> {
  const folder = await TempFolder.create();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return folder;
}

describe('filesBelow', () => {
  test('gives regular files by name, and tells of what it skips', async () => {
    const folder = await tempFolder();
    const tree = folder.join('tree');
    await mkdir(folder.join('tree', 'sub'), { recursive: true });
    for (const name of ['z', 'a', 'sub/b']) await writeFile(folder.join('tree', name), name);
    await symlink('/', folder.join('tree', 'link'));
    const skipped: string[] = [];
    const found = await Array.fromAsync(filesBelow(tree, (path) => skipped.push(path)));
    expect(found.map(({ name }) => name)).toEqual(['tree/a', 'tree/sub/b', 'tree/z']);
    expect(skipped).toEqual([folder.join('tree', 'link')]);
  });

  test('gives a folder that cannot be listed like a file, to fail in its turn, and goes on', async () => {
    const folder = await tempFolder();
    const tree = folder.join('tree');
    await mkdir(folder.join('tree', 'm'), { recursive: true });
    for (const name of ['a', 'z']) await writeFile(folder.join('tree', name), name);
    const names: string[] = [];
    for await (const { name } of filesBelow(tree, () => undefined)) {
      // Tests may run as root, whom no permission keeps out: the folder goes away instead.
      if (name === 'tree/a') await rm(folder.join('tree', 'm'), { recursive: true });
      names.push(name);
    }
    expect(names).toEqual(['tree/a', 'tree/m', 'tree/z']);
  });
});

test('isFolder is false for whatever cannot be looked at', async () => {
  const folder = await tempFolder();
  await writeFile(folder.join('file'), '');
  expect(await isFolder(folder.path)).toBe(true);
  expect(await isFolder(folder.join('file'))).toBe(false);
  expect(await isFolder(folder.join('missing'))).toBe(false);
  expect(await isFolder(folder.join('file', 'below'))).toBe(false);
  expect(await isFolder(folder.join('x'.repeat(300)))).toBe(false);
});
