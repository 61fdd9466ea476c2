/**
 * Makes the programs that `npm start`, the tests and the packed tarball run: relay and command line, each with all the modules it
 * loads in a few files (ADR 23). They never share a file: what handles keys is in the command line's folder alone.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'vite';

const ROOT = path.resolve(import.meta.dirname, '..');
const DIST = path.join(ROOT, 'dist');

/** What is started as a process or a thread. */
const PROGRAMS = {
  cli: ['main.ts', 'adapters/block-worker.ts', 'network/freezer-main.ts'],
  relay: ['main.ts', 'fsck.ts'],
};

/** Loaded from `node_modules`: native code, a page's own files, and code that looks for its WebAssembly beside itself. */
const EXTERNAL = ['sodium-native', '@fastify/swagger-ui', 'node-liblzma'];

/**
 * liblzma goes along as the two files of it that are used: its package would start a compiler at install, on platforms that it has
 * no binary for, for native code that Lanvault does not use.
 */
const LIBLZMA = {
  from: path.join(ROOT, 'node_modules/node-liblzma'),
  to: path.join(DIST, 'node_modules/node-liblzma'),
  files: ['LICENSE', 'lib/wasm/liblzma.js', 'lib/wasm/liblzma.wasm'],
};

for (const [program, entries] of Object.entries(PROGRAMS)) {
  await build({
    configFile: false,
    root: ROOT,
    publicDir: false,
    logLevel: 'warn',
    ssr: { noExternal: true, external: EXTERNAL },
    build: {
      ssr: true,
      outDir: path.join(DIST, program),
      emptyOutDir: true,
      target: 'node24',
      license: { fileName: 'licenses.md' },
      rolldownOptions: {
        input: entries.map((entry) => path.join(ROOT, program, entry)),
        // One flat folder: modules find what lies beside them wherever they end up.
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
}

rmSync(LIBLZMA.to, { recursive: true, force: true });
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
