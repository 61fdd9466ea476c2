/** docs/get-your-data-back.md: the script is taken from the page, and rebuilds a file from what Lanvault stores. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { utf8 } from '../../../../shared/bytes.ts';
import { createBlockCodec } from '../../../../shared/codec/block-codec.ts';
import { COMPRESSION_MODES } from '../../../../shared/codec/compression.ts';
import { sealBlock } from '../../../../shared/format/chunk.ts';
import { ChunkTable, serializeManifest } from '../../../../shared/format/manifest.ts';
import { BLOCK_BYTES } from '../../../../shared/limits.ts';
import { REPO, loadTestXz, repeated } from '../support/vectors.ts';

const run = promisify(execFile);
const page = await readFile(path.join(REPO, 'docs/get-your-data-back.md'), 'utf8');
const script = /```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'lanvault-recover-'));
  await writeFile(path.join(dir, 'recover.py'), script);
});
afterEach(() => rm(dir, { recursive: true }));

/** Stores a file's chunks in each of the folders as relays do, and its manifest. */
async function storeFile(content: Buffer, folders: readonly string[]): Promise<string[]> {
  const codec = createBlockCodec(await loadTestXz());
  const key = new Uint8Array(randomBytes(32));
  const deleteKey = new Uint8Array(randomBytes(32));
  const rows = new ChunkTable();
  for (let index = 0; index * BLOCK_BYTES < content.length; index++) {
    const block = new Uint8Array(content.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES));
    const mode = COMPRESSION_MODES[index % 3] ?? 'none';
    const { id, chunk, size, compression } = await sealBlock({ block, key, deleteKey, mode }, codec);
    rows.append({ index, id, size, compression });
    for (const folder of folders) {
      const place = path.join(dir, folder, 'chunks', id.slice(0, 2), id.slice(2, 4));
      await mkdir(place, { recursive: true });
      await writeFile(path.join(place, id), chunk);
    }
  }
  const header = {
    filename: 'été.tar',
    type: 'application/x-tar',
    size: content.length,
    created: '2026-11-23T05:00:00Z',
    key,
    merkleRoot: rows.merkleRoot,
  };
  const parts: Uint8Array[] = [];
  for await (const part of serializeManifest({ header, rows })) parts.push(part);
  await writeFile(path.join(dir, 'file.manifest'), Buffer.concat(parts));
  return Array.from({ length: rows.length }, (_, i) => rows.at(i).id);
}

async function recover(...folders: string[]): Promise<Buffer> {
  const places = folders.map((folder) => path.join(dir, folder));
  const output = path.join(dir, 'output');
  await run('/usr/bin/python3', [
    path.join(dir, 'recover.py'),
    path.join(dir, 'file.manifest'),
    output,
    ...places,
  ]);
  return readFile(output);
}

const place = (folder: string, id: string): string =>
  path.join(dir, folder, 'chunks', id.slice(0, 2), id.slice(2, 4), id);

test('the script is short and imports only what the page says', () => {
  expect(script.trim().split('\n').length).toBeLessThan(30);
  const modules = [...script.matchAll(/^(?:import|from) (.*)$/gm)].flatMap(([, names = '']) =>
    names.replace(/ import .*/, '').split(', '),
  );
  const allowed = ['base64', 'cryptography.fernet', 'hashlib', 'json', 'lzma', 'pathlib', 'sys', 'zlib'];
  expect(modules.toSorted()).toEqual(allowed);
});

test.each([0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1])(
  'a file of %i bytes comes back',
  async (size) => {
    const content = Buffer.from(repeated(utf8('All happy families are alike. '), size));
    await storeFile(content, ['a']);
    await mkdir(path.join(dir, 'a'), { recursive: true });
    expect(Buffer.compare(await recover('a'), content)).toBe(0);
  },
);

test('every compression, and damaged, truncated, empty and swapped copies beside good ones', async () => {
  const text = Buffer.from(repeated(utf8('All happy families are alike. '), 4 * BLOCK_BYTES));
  const content = Buffer.concat([text, randomBytes(BLOCK_BYTES + 5)]);
  const ids = await storeFile(content, ['a', 'b', 'c']);
  for (const [i, id] of ids.entries()) {
    const chunk = await readFile(place('a', id));
    const another = await readFile(place('c', ids[(i + 1) % ids.length] ?? id));
    const damaged = Buffer.from(chunk);
    damaged[i * 7] = (damaged[i * 7] ?? 0) ^ 1;
    await writeFile(
      place('a', id),
      [damaged, chunk.subarray(0, 100), Buffer.of(), another][i % 4] ?? damaged,
    );
    if (i % 2 === 0) await rm(place('b', id));
  }
  expect(Buffer.compare(await recover('a', 'b', 'c'), content)).toBe(0);
});

test('a chunk that no folder has is named', async () => {
  const [id = ''] = await storeFile(randomBytes(10), ['a']);
  await writeFile(place('a', id), randomBytes(100));
  await expect(recover('a')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(id) as string,
  });
});
