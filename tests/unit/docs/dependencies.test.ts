/** What is installed is what was pinned, and docs/dependencies.md tells of all of it. */
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPO } from '../../helpers/programs.ts';

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly license?: string;
}

interface Wanted {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
}

const text = (name: string): Promise<string> => readFile(path.join(REPO, name), 'utf8');
const wanted = JSON.parse(await text('package.json')) as Wanted;
const { packages } = JSON.parse(await text('package-lock.json')) as { packages: Record<string, Locked> };
const locked = Object.entries(packages).filter(([folder]) => folder !== '');
const direct = { ...wanted.dependencies, ...wanted.optionalDependencies, ...wanted.devDependencies };

const EXACT = /^\d+\.\d+\.\d+(?:-[\w.]+)?$/;
/** 64 bytes. */
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/;
const REGISTRY = 'https://registry.npmjs.org/';

describe('the lock', () => {
  it('follows exact pins only', () => {
    const loose = Object.entries({ ...direct, ...wanted.overrides }).filter(
      ([, version]) => !EXACT.test(version),
    );
    expect(loose).toEqual([]);
    for (const [name, version] of Object.entries(direct))
      expect(packages[`node_modules/${name}`]?.version, name).toBe(version);
  });

  it('has the hash of every package, and takes none from elsewhere', () => {
    expect(locked.length).toBeGreaterThan(Object.keys(direct).length);
    const unproven = locked.filter(([, { integrity = '' }]) => !SHA512.test(integrity));
    expect(unproven.map(([folder]) => folder)).toEqual([]);
    const foreign = locked.filter(
      ([, { resolved = REGISTRY, link }]) => link === true || !resolved.startsWith(REGISTRY),
    );
    expect(foreign.map(([folder]) => folder)).toEqual([]);
  });

  it('lets nothing run at install', async () => {
    expect(await text('.npmrc')).toMatch(/^ignore-scripts=true$/m);
    const scripted = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    expect(scripted.map(([folder]) => folder)).toEqual(['node_modules/node-liblzma']);
  });
});

describe('docs/dependencies.md', async () => {
  const rows = Array.from(
    (await text('docs/dependencies.md')).matchAll(
      /^\| `([^`]+)` +\| ([^|]+?) +\| ([^|]+?) +\| ([^|]+?) +\| ([^|]+?) +\|$/gm,
    ),
    ([, name = '', reason = '', licence = '', size = '', by = '']) => ({ name, reason, licence, size, by }),
  );

  it('has a row for each, and no other', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(direct).sort());
  });

  it.each(rows)('tells of $name what is so', async ({ name, licence, size }) => {
    expect(packages[`node_modules/${name}`]?.license?.replaceAll(/[()]/g, '')).toBe(licence);
    // Which Node is installed is the machine's choice.
    if (name in wanted.optionalDependencies) return;
    expect(sizeWords(await sizeOf(path.join(REPO, 'node_modules', name)))).toBe(size);
  });
});

/** Bytes of a package's own files. */
async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const child = path.join(folder, entry.name);
    if (entry.isFile()) bytes += (await stat(child)).size;
    else if (entry.isDirectory() && entry.name !== 'node_modules') bytes += await sizeOf(child);
  }
  return bytes;
}

function sizeWords(bytes: number): string {
  const kib = bytes / 1024;
  return kib < 10_240 ? `${Math.ceil(kib)} KiB` : `${Math.ceil(kib / 1024)} MiB`;
}
