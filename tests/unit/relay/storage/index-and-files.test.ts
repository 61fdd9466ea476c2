import { copyFile, mkdir, readFile, readdir, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChunkId } from '../../../../shared/ids.ts';
import type { ChunkStore } from '../../../../relay/storage/chunk-store.ts';
import { sampleChunk } from '../fixtures.ts';
import type { SampleChunk } from '../fixtures.ts';
import { StoreRig, codeOf } from './store-rig.ts';

let rig: StoreRig;

beforeEach(async () => {
  rig = await StoreRig.create();
});
afterEach(() => rig[Symbol.asyncDispose]());

describe('the index and the files', () => {
  async function fill(store: ChunkStore, count = 12): Promise<SampleChunk[]> {
    const chunks = Array.from({ length: count }, (_, i) => sampleChunk(300 + i));
    for (const { id, bytes } of chunks) await store.put(id, [bytes]);
    return chunks;
  }
  const indexFile = (): string => path.join(rig.dir, 'dht_index.sqlite');

  async function expectAll(store: ChunkStore, chunks: readonly { id: ChunkId; bytes: Uint8Array }[]) {
    for (const { id, bytes } of chunks) expect(await store.read(id)).toEqual(bytes);
    const ids = store.inventory('', 1000).map((row) => row.id);
    expect(ids).toEqual(chunks.map(({ id }) => id as string).sort());
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.bytes.length, 0);
    expect(store.usage).toEqual({ chunks: chunks.length, bytes });
  }

  it('are the same after a restart', async () => {
    const store = await rig.open();
    const chunks = await fill(store);
    await store[Symbol.asyncDispose]();
    await expectAll(await rig.open(), chunks);
  });

  it('a lost index is rebuilt with the same rows, but for the times', async () => {
    let store = await rig.open();
    const chunks = await fill(store);
    const rows = store
      .inventory('', 1000)
      .map(({ id, size, verifier, body_hash }) => [id, size, verifier, body_hash]);
    await store[Symbol.asyncDispose]();
    for (const suffix of ['', '-wal', '-shm']) await unlink(indexFile() + suffix).catch(() => undefined);
    store = await rig.open();
    await expectAll(store, chunks);
    const rebuilt = store.inventory('', 1000);
    expect(rebuilt.map(({ id, size, verifier, body_hash }) => [id, size, verifier, body_hash])).toEqual(rows);
  });

  it.each([
    ['random bytes', new Uint8Array(8192).map((_, i) => i * 31)],
    ['an empty file', new Uint8Array(0)],
    ['text', new TextEncoder().encode('not a database')],
  ])('an index overwritten by %s is replaced and rebuilt', async (_, garbage) => {
    const store = await rig.open();
    const chunks = await fill(store);
    await store[Symbol.asyncDispose]();
    await writeFile(indexFile(), garbage);
    await expectAll(await rig.open(), chunks);
  });

  it('an index damaged in the middle is replaced, while running too', async () => {
    let store = await rig.open();
    const chunks = await fill(store, 150);
    await store[Symbol.asyncDispose]();
    const bytes = await readFile(indexFile());
    bytes.fill(0xee, 4096);
    await writeFile(indexFile(), bytes);
    store = await rig.open();
    for (const { id, bytes: content } of chunks) expect(await store.read(id)).toEqual(content);
    await store.reconciliation;
    await expectAll(store, chunks);
  });

  it('an older index is brought up to date: new files adopted, rows without files dropped', async () => {
    let store = await rig.open();
    const [kept, lost] = [await fill(store, 6), await fill(store, 6)];
    await store[Symbol.asyncDispose]();
    await copyFile(indexFile(), `${indexFile()}.old`);
    store = await rig.open();
    const added = await fill(store, 6);
    await store[Symbol.asyncDispose]();
    await copyFile(`${indexFile()}.old`, indexFile());
    for (const { id } of lost) await unlink(rig.fileOf(id));
    await expectAll(await rig.open(), [...kept, ...added]);
  });

  it('a chunk is found by its file before the index knows it', async () => {
    let store = await rig.open();
    const [chunk] = await fill(store, 1);
    await store[Symbol.asyncDispose]();
    await unlink(indexFile());
    store = await rig.openAtOnce();
    if (chunk === undefined) throw new Error('no chunk');
    expect(await store.read(chunk.id)).toEqual(chunk.bytes);
  });

  it('a found file that does not hold its chunk is set aside, never served or listed', async () => {
    const { id } = sampleChunk();
    await mkdir(path.dirname(rig.fileOf(id)), { recursive: true });
    await writeFile(rig.fileOf(id), new Uint8Array(500));
    const store = await rig.open();
    expect(store.inventory('', 10)).toEqual([]);
    expect(await codeOf(store.read(id))).toBe('NOT_FOUND');
    expect(await readdir(path.join(rig.dir, 'rotten'))).toEqual([id]);
  });

  it('leftover temp files are removed, foreign files are left alone', async () => {
    const store = await rig.open();
    await writeFile(path.join(rig.dir, 'tmp', `${sampleChunk().id}.0011`), new Uint8Array(10));
    await writeFile(path.join(rig.dir, 'chunks', 'README'), 'mine');
    await store[Symbol.asyncDispose]();
    await rig.open();
    expect(await rig.tempNames()).toEqual([]);
    expect(await readFile(path.join(rig.dir, 'chunks', 'README'), 'utf8')).toBe('mine');
  });

  it('counts what is there before it takes more, with the index lost', async () => {
    const store = await rig.open();
    await fill(store, 10);
    await store[Symbol.asyncDispose]();
    await unlink(indexFile());
    const { id, bytes } = sampleChunk(1000);
    const full = await rig.openAtOnce({ capacityBytes: 3500 });
    expect(await codeOf(full.put(id, [bytes], 1000))).toBe('NO_SPACE');
  });
});
