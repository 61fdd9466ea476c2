/**
 * Makes what `npm pack` packs besides the web app: relay and command line as JavaScript, in `dist/`. Node does not strip types below
 * `node_modules`.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const DIST = path.join(ROOT, 'dist');
const TSC = path.join(ROOT, 'node_modules/typescript/bin/tsc');

/**
 * liblzma goes along as the two files of it that are used: its package would start a compiler at install, on platforms that it has
 * no binary for, for native code that Lanvault does not use.
 */
const LIBLZMA = {
  from: path.join(ROOT, 'node_modules/node-liblzma'),
  to: path.join(DIST, 'node_modules/node-liblzma'),
  files: ['LICENSE', 'lib/wasm/liblzma.js', 'lib/wasm/liblzma.wasm'],
};

for (const made of ['cli', 'relay', 'shared', 'node_modules', 'package.json'])
  rmSync(path.join(DIST, made), { recursive: true, force: true });

const { status } = spawnSync(process.execPath, [TSC, '-p', 'tsconfig.package.json'], {
  cwd: ROOT,
  stdio: ['ignore', 'inherit', 'inherit'],
});
if (status !== 0) process.exit(status ?? 1);

for (const file of LIBLZMA.files) {
  const target = path.join(LIBLZMA.to, file);
  mkdirSync(path.dirname(target), { recursive: true });
  cpSync(path.join(LIBLZMA.from, file), target);
}
const { name, version, license, type, repository } = JSON.parse(
  readFileSync(path.join(LIBLZMA.from, 'package.json'), 'utf8'),
) as Record<string, unknown>;
const exports = {
  './wasm/liblzma.js': './lib/wasm/liblzma.js',
  './wasm/liblzma.wasm': './lib/wasm/liblzma.wasm',
};
writeFileSync(
  path.join(LIBLZMA.to, 'package.json'),
  `${JSON.stringify({ name, version, license, type, repository, exports }, null, 2)}\n`,
);
