import { chmod, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { loadOrCreateSeed } from '../../../../relay/storage/identity-file.ts';
import { lockStorage } from '../../../../relay/storage/storage-lock.ts';
import { tempFolder } from '../fixtures.ts';

const thrownBy = (action: () => unknown): AppError => {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('Expected an AppError.');
};

describe('the identity file', () => {
  it('is created once, with mode 0600 and nothing beside it', async () => {
    await using folder = await tempFolder();
    const file = path.join(folder.path, 'identity.key');
    const seed = await loadOrCreateSeed(file);
    expect(seed).toHaveLength(32);
    expect(new Uint8Array(await readFile(file))).toEqual(seed);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await loadOrCreateSeed(file)).toEqual(seed);
    expect(await readdir(folder.path)).toEqual(['identity.key']);
  });

  it('gives every relay another seed', async () => {
    await using folder = await tempFolder();
    const seeds = [];
    for (const name of ['a', 'b', 'c'])
      seeds.push((await loadOrCreateSeed(path.join(folder.path, name))).toString());
    expect(new Set(seeds).size).toBe(3);
  });

  it('closes a file that others may read', async () => {
    await using folder = await tempFolder();
    const file = path.join(folder.path, 'identity.key');
    await loadOrCreateSeed(file);
    await chmod(file, 0o644);
    await loadOrCreateSeed(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it.each([0, 31, 33])('refuses a file of %i bytes and keeps it', async (length) => {
    await using folder = await tempFolder();
    const file = path.join(folder.path, 'identity.key');
    await writeFile(file, new Uint8Array(length));
    await expect(loadOrCreateSeed(file)).rejects.toMatchObject({ code: 'CORRUPT' });
    expect(await readFile(file)).toHaveLength(length);
  });
});

describe('the storage lock', () => {
  it('keeps a second holder out until it is released', async () => {
    await using folder = await tempFolder();
    const file = path.join(folder.path, 'relay.lock');
    const lock = lockStorage(file);
    expect(thrownBy(() => lockStorage(file)).code).toBe('CONFLICT');
    lock.release();
    lockStorage(file).release();
  });

  it('keeps another process out', async () => {
    await using folder = await tempFolder();
    const file = path.join(folder.path, 'relay.lock');
    const module = path.resolve(import.meta.dirname, '../../../../relay/storage/storage-lock.ts');
    const script = `import { lockStorage } from ${JSON.stringify(module)};
      try { lockStorage(${JSON.stringify(file)}); console.log('locked'); } catch (error) { console.log(error.code); }`;
    const inChild = (): string =>
      spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout.trim();
    const lock = lockStorage(file);
    expect(inChild()).toBe('CONFLICT');
    lock.release();
    expect(inChild()).toBe('locked');
    // The child is dead, and so is its lock.
    lockStorage(file).release();
  });

  it('says so when the folder cannot be written', () => {
    expect(thrownBy(() => lockStorage('/proc/nowhere/relay.lock')).code).toBe('IO');
  });
});
