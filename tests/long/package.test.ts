/**
 * What `npm pack` packs, installed in an empty folder on a host of its own that reaches no network: the main job runs. npm takes the
 * dependencies from its cache, where `npm ci` has put them.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { Lan } from '../helpers/netns.ts';
import type { LanHost } from '../helpers/netns.ts';
import { REPO } from '../helpers/programs.ts';

const NODES = 6;
const MIB = 2 ** 20;
/** As measured 2.9 MB, the libraries that are built in included. */
const MAX_TARBALL_BYTES = 4 * MIB;
/** Nothing else belongs into the tarball. */
const PACKED =
  /^(LICENSE|README\.md|CHANGELOG\.md|SECURITY\.md|package\.json|bin\/lanvault\.mjs|dist\/(cli|relay)\/([\w-]+\.js|licenses\.md)|dist\/node_modules\/node-liblzma\/(LICENSE|package\.json|lib\/wasm\/liblzma\.(js|wasm))|dist\/web\/.+|docs\/(?!images\/).+|packaging\/.+)$/;

interface LockEntry {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

interface Manifest {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** The machine's own programs: not those of this checkout, nor of the npm that runs the tests. */
const PATH = (process.env['PATH'] ?? '')
  .split(path.delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(path.delimiter);

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

async function output(cwd: string, program: string, ...args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const pieces: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => pieces.push(bytes));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code, `${program} ${args.join(' ')}`).toBe(0);
  return Buffer.concat(pieces).toString();
}

async function pack(folder: string): Promise<Packed> {
  await output(REPO, process.execPath, 'scripts/build-if-stale.ts');
  await output(REPO, process.execPath, 'scripts/build-programs.ts');
  const json = await output(REPO, 'npm', 'pack', '--json', '--pack-destination', folder);
  const [packed] = JSON.parse(json) as Packed[];
  if (packed === undefined) throw new Error('npm packed nothing.');
  return packed;
}

/**
 * An application that depends on the tarball, with the versions that the checkout's lock file has: left to choose, npm may want newer
 * ones than its cache has. Gives the paths below the folder of what may be installed.
 */
async function writeApplication(folder: string, tarball: string): Promise<Record<string, LockEntry>> {
  const own = JSON.parse(await readFile(path.join(REPO, 'package.json'), 'utf8')) as Manifest;
  const lock = JSON.parse(await readFile(path.join(REPO, 'package-lock.json'), 'utf8')) as {
    lockfileVersion: number;
    packages: Record<string, LockEntry>;
  };
  const needed = Object.fromEntries(
    Object.entries(lock.packages).filter(([key, { dev }]) => key !== '' && dev !== true),
  );
  const { version, bin, dependencies, optionalDependencies } = own;
  const resolved = `file:${path.basename(tarball)}`;
  const integrity = `sha512-${createHash('sha512')
    .update(await readFile(tarball))
    .digest('base64')}`;
  const application = { name: 'application', version: '1.0.0', dependencies: { lanvault: resolved } };
  await writeFile(path.join(folder, 'package.json'), JSON.stringify(application));
  await writeFile(
    path.join(folder, 'package-lock.json'),
    JSON.stringify({
      name: application.name,
      version: application.version,
      lockfileVersion: lock.lockfileVersion,
      requires: true,
      packages: {
        '': application,
        'node_modules/lanvault': { version, resolved, integrity, bin, dependencies, optionalDependencies },
        ...needed,
      },
    }),
  );
  return needed;
}

/** Runs a program on the host, in the folder, as on a machine that never heard of this checkout. */
async function on(host: LanHost, folder: string, ...command: readonly string[]): Promise<string> {
  const env = {
    PATH,
    HOME: path.join(folder, 'home'),
    npm_config_cache: process.env['npm_config_cache'] ?? path.join(homedir(), '.npm'),
    npm_config_update_notifier: 'false',
  };
  const { code, output: said } = await host.run(['env', '-C', folder, ...command], env);
  expect(code, `${command.join(' ')}\n${said}`).toBe(0);
  return said;
}

const packagesIn = async (folder: string): Promise<string[]> => {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  const scoped = names.map(async (name) =>
    name.startsWith('@') ? (await readdir(path.join(folder, name))).map((rest) => `${name}/${rest}`) : [name],
  );
  return (await Promise.all(scoped)).flat();
};

test('the packed tarball installs on a clean machine, and does the main job there', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'lanvault-package-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  await mkdir(path.join(folder, 'home'));
  const packed = await pack(folder);
  const names = packed.files.map((file) => file.path);
  expect(names.filter((name) => !PACKED.test(name))).toEqual([]);
  expect(names).toEqual(expect.arrayContaining(['dist/cli/main.js', 'dist/relay/main.js', 'dist/web/sw.js']));
  expect(packed.size).toBeLessThan(MAX_TARBALL_BYTES);

  const tarball = path.join(folder, packed.filename);
  const needed = await writeApplication(folder, tarball);
  await using lan = await Lan.create(1);
  const host = lan.host(0);
  await on(host, folder, 'npm', 'ci', '--omit=dev', '--offline', '--no-audit', '--no-fund');

  const modules = path.join(folder, 'node_modules');
  const installed = await packagesIn(modules);
  const allowed = ['lanvault', ...Object.keys(needed).map((key) => key.replace(/^node_modules\//, ''))];
  expect(installed.filter((name) => !allowed.includes(name))).toEqual([]);
  const withScripts = Object.entries(needed).filter(([, { hasInstallScript }]) => hasInstallScript === true);
  expect(withScripts, 'packages that run something at install').toEqual([]);

  const file = path.join(folder, 'holiday.bin');
  await writeMixedFile(file, 5 * MIB + 1234);
  const npx = (...args: readonly string[]): Promise<string> =>
    on(host, folder, 'npx', '--offline', 'lanvault', ...args);
  await npx('network', 'start', '--nodes', String(NODES));
  await npx('distribute', 'holiday.bin', '--scan');
  await npx('reconstruct', 'manifests/holiday.bin.manifest', 'again.bin', '--scan');
  expect(await sha256OfFile(path.join(folder, 'again.bin'))).toBe(await sha256OfFile(file));

  const page = `const answer = await fetch('http://localhost:8888/'); console.log(answer.status, await answer.text());`;
  const shown = await on(host, folder, 'npx', '--offline', 'node', '--input-type=module', '-e', page);
  expect(shown).toMatch(/^200 <!doctype html>/i);
  const status = JSON.parse(await npx('network', 'status', '--json')) as {
    nodes: { pid: number; running: boolean }[];
  };
  expect(status.nodes.filter(({ running }) => running)).toHaveLength(NODES + 1);
  const pids = status.nodes.map(({ pid }) => `/proc/${String(pid)}/exe`);
  await npx('fsck', '--help');
  await npx('network', 'stop');
  for (const exe of pids) await expect(stat(exe), 'stopped').rejects.toThrow('ENOENT');
});
