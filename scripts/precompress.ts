/** Puts a `.br` and a `.gz` beside each file of the built app that shrinks: relays send those to browsers that take them. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const BUILT = path.resolve(import.meta.dirname, '../dist/web');
const COMPRESSIBLE = /\.(?:html|js|css|svg|wasm|webmanifest)$/;
/** Below, a packet more or less is not saved. */
const MIN_BYTES = 1024;

const encoders = {
  // Browsers take Brotli on localhost and HTTPS, gzip everywhere.
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }),
  gz: (bytes: Buffer) => promisify(gzip)(bytes, { level: 9 }),
};

for (const entry of await readdir(BUILT, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !COMPRESSIBLE.test(entry.name)) continue;
  const file = path.join(entry.parentPath, entry.name);
  const bytes = await readFile(file);
  if (bytes.length < MIN_BYTES) continue;
  for (const [suffix, encode] of Object.entries(encoders)) {
    const encoded = await encode(bytes);
    if (encoded.length < bytes.length) await writeFile(`${file}.${suffix}`, encoded);
  }
}
