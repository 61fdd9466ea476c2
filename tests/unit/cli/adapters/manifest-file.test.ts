import { readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readManifestFile, writeManifestFile } from '../../../../cli/adapters/manifest-file.ts';
import { ChunkTable } from '../../../../shared/format/manifest.ts';
import type { Manifest } from '../../../../shared/format/manifest-types.ts';
import { TempFolder } from './temp-folder.ts';

async function tempFolder(): Promise<TempFolder> {
  const folder = await TempFolder.create();
  onTestFinished(() => folder[Symbol.asyncDispose]());
  return folder;
}

function manifest(seed: number): Manifest {
  const rows = new ChunkTable();
  const key = new Uint8Array(32).fill(seed);
  const created = '2026-11-23T05:00:00Z';
  return {
    header: { filename: 'a', type: 'text/plain', size: 0, created, key, merkleRoot: rows.merkleRoot },
    rows,
  };
}

const seedOf = async (path: string): Promise<number | undefined> =>
  (await readManifestFile(path)).header.key[0];

describe('writeManifestFile', () => {
  test('keeps what was there under the next free name', async () => {
    const folder = await tempFolder();
    const path = folder.join('a.manifest');
    expect(await writeManifestFile(path, manifest(1))).toBeNull();
    expect(await writeManifestFile(path, manifest(2))).toBe(`${path}.1`);
    expect(await writeManifestFile(path, manifest(3))).toBe(`${path}.2`);
    expect(await Promise.all([`${path}.1`, `${path}.2`, path].map(seedOf))).toEqual([1, 2, 3]);
    expect(await readdir(folder.path)).toHaveLength(3);
  });

  test('loses none of those that are written under one name at the same time', async () => {
    const folder = await tempFolder();
    const path = folder.join('a.manifest');
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
    await Promise.all(seeds.map((seed) => writeManifestFile(path, manifest(seed))));
    const names = await readdir(folder.path);
    expect(names).toContain('a.manifest');
    const found = await Promise.all(names.map((name) => seedOf(folder.join(name))));
    expect([...new Set(found)].sort()).toEqual(seeds);
    expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('keeps what a link points to, and leaves that where it is', async () => {
    const folder = await tempFolder();
    await writeFile(folder.join('elsewhere'), 'old');
    await symlink('elsewhere', folder.join('a.manifest'));
    expect(await writeManifestFile(folder.join('a.manifest'), manifest(1))).toBe(folder.join('a.manifest.1'));
    expect(await readFile(folder.join('a.manifest.1'), 'utf8')).toBe('old');
    expect(await readFile(folder.join('elsewhere'), 'utf8')).toBe('old');
    expect(await seedOf(folder.join('a.manifest'))).toBe(1);
  });

  test('takes the place of a link that leads nowhere', async () => {
    const folder = await tempFolder();
    await symlink('nowhere', folder.join('a.manifest'));
    expect(await writeManifestFile(folder.join('a.manifest'), manifest(1))).toBeNull();
    expect(await seedOf(folder.join('a.manifest'))).toBe(1);
    expect(await readdir(folder.path)).toEqual(['a.manifest']);
  });
});
