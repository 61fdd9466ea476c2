/** Builds the web app when its sources are newer than the last build, or there is none. */
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const SOURCES = [
  'web',
  'shared',
  'public',
  'package-lock.json',
  'vite.config.ts',
  'vite.sw.config.ts',
  'scripts/precompress.ts',
];
const BUILT = path.join(ROOT, 'dist/web/sw.js.gz');

function newestMs(entry: string): number {
  const stats = statSync(entry, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  if (!stats.isDirectory()) return stats.mtimeMs;
  const inside = readdirSync(entry).map((name) => newestMs(path.join(entry, name)));
  return Math.max(stats.mtimeMs, ...inside);
}

const builtMs = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (Math.max(...SOURCES.map((source) => newestMs(path.join(ROOT, source)))) > builtMs) {
  console.log('Building the web app…');
  const { status } = spawnSync('npm', ['run', '--silent', 'build:web'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
} else {
  console.log('The web app is up to date.');
}
