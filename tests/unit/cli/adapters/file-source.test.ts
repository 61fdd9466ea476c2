import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { FileSource } from '../../../../cli/adapters/file-source.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import { TempFolder } from './temp-folder.ts';

const { signal } = new AbortController();

describe('FileSource', () => {
  it('gives the file’s bytes block by block', async () => {
    await using folder = await TempFolder.create();
    const content = randomBytes(2 * BLOCK_BYTES + 7);
    await writeFile(folder.join('a.PDF'), content);
    await using source = await FileSource.open(folder.join('a.PDF'), 'a.PDF');
    expect(source).toMatchObject({ name: 'a.PDF', type: 'application/pdf', sizeBytes: content.length });
    const blocks = [await source.read(2, signal), await source.read(0, signal), await source.read(1, signal)];
    expect(blocks.map((block) => block.length)).toEqual([7, BLOCK_BYTES, BLOCK_BYTES]);
    const [last, first, second] = blocks;
    expect(
      Buffer.concat([first, second, last].map((block) => block ?? new Uint8Array())).equals(content),
    ).toBe(true);
    await source.assertUnchanged();
  });

  it('has no blocks of an empty file', async () => {
    await using folder = await TempFolder.create();
    await writeFile(folder.join('empty'), '');
    await using source = await FileSource.open(folder.join('empty'), 'empty');
    expect(source).toMatchObject({ sizeBytes: 0, type: 'application/octet-stream' });
  });

  it.each([
    ['grows', (path: string) => appendFile(path, 'x')],
    ['shrinks', (path: string) => truncate(path, 5)],
    ['is written to without a change of size', (path: string) => utimes(path, 1, 1)],
  ])('notices a file that %s', async (_how, change) => {
    await using folder = await TempFolder.create();
    const path = folder.join('a');
    await writeFile(path, 'content');
    await using source = await FileSource.open(path, 'a');
    await change(path);
    await expect(source.read(0, signal)).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    await expect(source.assertUnchanged()).rejects.toMatchObject({ code: 'FILE_CHANGED' });
  });

  it('refuses what is not a regular file, without waiting for it', async () => {
    await using folder = await TempFolder.create();
    execFileSync('mkfifo', [folder.join('pipe')]);
    await symlink('nowhere', folder.join('dangling'));
    const open = (name: string) => FileSource.open(folder.join(name), name);
    await expect(FileSource.open(folder.path, 'f')).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('Add -r') as string,
    });
    await expect(open('pipe')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(open('dangling')).rejects.toMatchObject({ code: 'IO' });
    await expect(open('missing')).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('there is no such file') as string,
    });
  });

  it('ends when it is told to', async () => {
    await using folder = await TempFolder.create();
    await writeFile(folder.join('a'), 'content');
    await using source = await FileSource.open(folder.join('a'), 'a');
    await expect(source.read(0, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
