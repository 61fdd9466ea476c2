/** Builds the web app and the programs, each when its sources are newer than its last build, or there is none. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

interface Product {
  readonly name: string;
  readonly npmScript: string;
  readonly sources: readonly string[];
  /** What its build writes last. */
  readonly built: string;
}

const PRODUCTS: readonly Product[] = [
  {
    name: 'The web app',
    npmScript: 'build:web',
    sources: ['web', 'public', 'vite.config.ts', 'vite.sw.config.ts', 'scripts/precompress.ts'],
    built: 'dist/web/sw.js.gz',
  },
  {
    name: 'Relay and command line',
    npmScript: 'build:programs',
    sources: ['relay', 'cli', 'scripts/build-programs.ts'],
    built: 'dist/node_modules/node-liblzma/package.json',
  },
];
const SOURCES_OF_ALL = ['shared', 'package.json', 'package-lock.json'];

function newestMs(entry: string): number {
  const stats = statSync(entry, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  const inside = readdirSync(entry).map((name) => newestMs(path.join(entry, name)));
  return Math.max(stats.mtimeMs, ...inside);
}

for (const { name, npmScript, sources, built } of PRODUCTS) {
  const builtMs = statSync(path.join(ROOT, built), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const changedMs = [...SOURCES_OF_ALL, ...sources].map((source) => newestMs(path.join(ROOT, source)));
  if (Math.max(...changedMs) <= builtMs) continue;
  console.log(`${name}: building…`);
  const { status } = spawnSync('npm', ['run', '--silent', npmScript], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
}
