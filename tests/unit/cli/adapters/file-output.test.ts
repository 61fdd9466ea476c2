import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openFileOutput, streamOutput } from '../../../../cli/adapters/file-output.ts';
import { makeFolder } from '../../../../cli/adapters/folders.ts';
import { utf8 } from '../../../../shared/bytes.ts';
import { TempFolder } from './temp-folder.ts';

const small = { force: false, sizeBytes: 3 };

describe('openFileOutput', () => {
  it('makes missing folders, and the file only when it is whole', async () => {
    await using folder = await TempFolder.create();
    await using output = await openFileOutput(folder.join('a', 'b', 'c.txt'), small);
    await output.write(utf8('abc'));
    await output.commit();
    expect(await readFile(folder.join('a', 'b', 'c.txt'), 'utf8')).toBe('abc');
  });

  it('replaces what a link points to, not the link, and only with force', async () => {
    await using folder = await TempFolder.create();
    await writeFile(folder.join('real'), 'old');
    await symlink('real', folder.join('link'));
    await expect(openFileOutput(folder.join('link'), small)).rejects.toMatchObject({ code: 'CONFLICT' });
    await using output = await openFileOutput(folder.join('link'), { ...small, force: true });
    await output.write(utf8('new'));
    await output.commit();
    expect(await readFile(folder.join('real'), 'utf8')).toBe('new');
    expect((await readdir(folder.path)).sort()).toEqual(['link', 'real']);
  });

  it('writes to a device instead of replacing it', async () => {
    await using output = await openFileOutput('/dev/null', { force: true, sizeBytes: 2 ** 60 });
    await output.write(utf8('abc'));
    await output.commit();
    await using full = await openFileOutput('/dev/full', small);
    await expect(full.write(utf8('abc'))).rejects.toMatchObject({ code: 'NO_SPACE' });
  });

  it('finds out before the download that a file cannot fit, and leaves nothing', async () => {
    await using folder = await TempFolder.create();
    await mkdir(folder.join('d'));
    const huge = openFileOutput(folder.join('d', 'huge'), { force: false, sizeBytes: 2 ** 60 });
    await expect(huge).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await readdir(folder.join('d'))).toEqual([]);
  });
});

describe('makeFolder', () => {
  it('ends where there can be no folders', async () => {
    await expect(makeFolder('/proc/none/at/all')).rejects.toMatchObject({ code: 'IO' });
  });
});

describe('streamOutput', () => {
  it('does not wait for a reader that has stopped once it is interrupted', async () => {
    const stuck = new Writable({ write: () => undefined });
    const interrupted = new AbortController();
    const writing = streamOutput(stuck, interrupted.signal).write(utf8('abc'));
    interrupted.abort();
    await expect(writing).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(streamOutput(stuck, interrupted.signal).write(utf8('abc'))).rejects.toMatchObject({
      code: 'ABORTED',
    });
  });
});
