import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../shared/bytes.ts';
import { AtomicFile, writeFileAtomic } from '../../../../cli/adapters/atomic-file.ts';
import { TempFolder } from './temp-folder.ts';

describe('AtomicFile', () => {
  it('appears only when committed, with its permissions, and nothing else is left', async () => {
    await using folder = await TempFolder.create();
    const target = folder.join('a.txt');
    {
      await using file = await AtomicFile.create(target, { replace: false });
      await file.write(utf8('one '));
      await file.write(utf8('two'));
      await expect(stat(target)).rejects.toMatchObject({ code: 'ENOENT' });
      await file.commit();
    }
    expect(await readFile(target, 'utf8')).toBe('one two');
    expect((await stat(target)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder.path)).toEqual(['a.txt']);
  });

  it('leaves nothing behind, and the old file alone, when given up', async () => {
    await using folder = await TempFolder.create();
    const target = folder.join('a.txt');
    await writeFile(target, 'old');
    {
      await using file = await AtomicFile.create(target, { replace: true });
      await file.write(utf8('new'));
    }
    expect(await readFile(target, 'utf8')).toBe('old');
    expect(await readdir(folder.path)).toEqual(['a.txt']);
  });

  it('does not replace unless told, even a file that came while it was written', async () => {
    await using folder = await TempFolder.create();
    const target = folder.join('a.txt');
    await using file = await AtomicFile.create(target, { replace: false });
    await writeFile(target, 'theirs');
    await expect(file.commit()).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await readFile(target, 'utf8')).toBe('theirs');
    await expect(AtomicFile.create(target, { replace: false })).rejects.toMatchObject({ code: 'CONFLICT' });
    await writeFileAtomic(target, utf8('mine'), { replace: true });
    expect(await readFile(target, 'utf8')).toBe('mine');
  });

  it('refuses folders and says what is missing', async () => {
    await using folder = await TempFolder.create();
    await expect(AtomicFile.create(folder.path, { replace: true })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    await expect(AtomicFile.create(folder.join('no', 'a'), { replace: true })).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('there is no such file or folder') as string,
    });
  });
});
