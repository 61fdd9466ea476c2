/** Somebody removes folders under a store that is open. */
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodeFileOps } from '../../../../relay/storage/file-ops.ts';
import { sampleChunk } from '../fixtures.ts';
import { FaultyFiles } from './faulty-files.ts';
import { StoreRig } from './store-rig.ts';

let rig: StoreRig;
beforeEach(async () => {
  rig = await StoreRig.create();
});
afterEach(() => rig[Symbol.asyncDispose]());

it.each(['chunks', 'tmp', 'rotten'])('stores on after %s was removed', async (folder) => {
  const store = await rig.open();
  const chunks = Array.from({ length: 8 }, (_, i) => sampleChunk(300 + i));
  for (const { id, bytes } of chunks) await store.put(id, [bytes]);
  await rm(path.join(rig.dir, folder), { recursive: true });
  for (const { id, bytes } of chunks) {
    // Whether it is noticed by a read or by the next upload of the same chunk.
    await store.put(id, [bytes]);
    expect(Buffer.from(await store.read(id)).equals(bytes)).toBe(true);
  }
  const fresh = sampleChunk(500);
  await store.put(fresh.id, [fresh.bytes]);
  expect(Buffer.from(await store.read(fresh.id)).equals(fresh.bytes)).toBe(true);
  expect(await store.condition()).toBe('ok');
});

it('finds all that went with a folder when one chunk of it is missed', async () => {
  const store = await rig.open();
  const chunks = Array.from({ length: 8 }, (_, i) => sampleChunk(300 + i));
  for (const { id, bytes } of chunks) await store.put(id, [bytes]);
  await rm(path.join(rig.dir, 'chunks'), { recursive: true });
  expect(await store.condition()).toBe('failing');
  const [missed] = chunks as [(typeof chunks)[number]];
  await expect(store.read(missed.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await store.reconciliation;
  expect(store.usage).toEqual({ chunks: 0, bytes: 0 });
  for (const { id } of chunks) expect(store.has(id)).toBe(false);
});

it('does not compare everything because one file has gone', async () => {
  const store = await rig.open();
  const [gone, kept] = [sampleChunk(300), sampleChunk(301)];
  for (const { id, bytes } of [gone, kept]) await store.put(id, [bytes]);
  const before = store.reconciliation;
  await rm(rig.fileOf(gone.id));
  await expect(store.read(gone.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(store.reconciliation).toBe(before);
  expect(store.has(kept.id)).toBe(true);
});

it('sets a rotten file aside though the folder for it has gone', async () => {
  const store = await rig.open();
  const { id, bytes } = sampleChunk(300);
  await store.put(id, [bytes]);
  await rm(path.join(rig.dir, 'rotten'), { recursive: true });
  await writeFile(rig.fileOf(id), Buffer.alloc(300));
  expect(await store.verify(id)).toBe(false);
  expect((await stat(path.join(rig.dir, 'rotten', id))).size).toBe(300);
});

it('says that the disk fails when it failed the last write, until one succeeds', async () => {
  const files = new FaultyFiles(rig.dir);
  const store = await rig.open({ ops: files.ops });
  const put = async (): Promise<void> => {
    const { id, bytes } = sampleChunk(300);
    await store.put(id, [bytes]);
  };
  for (const [code, condition] of [
    ['EROFS', 'read-only'],
    ['EIO', 'failing'],
  ] as const) {
    files.failOn('sync', Object.assign(new Error(code), { code }));
    await expect(put()).rejects.toMatchObject({ code: 'IO' });
    expect(await store.condition()).toBe(condition);
    files.failOn('nothing', new Error());
    await put();
    expect(await store.condition()).toBe('ok');
  }
  // A sender that goes away is no fault of the disk.
  const gone = Object.assign(new Error('gone'), { code: 'ECONNRESET' });
  const source = Readable.from(
    (async function* () {
      yield Buffer.alloc(10);
      await Promise.reject(gone);
    })(),
  );
  await expect(store.put(sampleChunk(300).id, source)).rejects.toBeDefined();
  expect(await store.condition()).toBe('ok');
});

it('says what keeps it from storing', async () => {
  const condition = async (options: Parameters<StoreRig['open']>[0]) => {
    const store = await rig.open(options);
    const found = await store.condition();
    await store[Symbol.asyncDispose]();
    return found;
  };
  const failing = (code: string) => ({
    ops: { ...nodeFileOps, assertWritable: () => Promise.reject(Object.assign(new Error(code), { code })) },
  });
  await mkdir(rig.dir, { recursive: true });
  expect(await condition({})).toBe('ok');
  expect(await condition({ capacityBytes: 0 })).toBe('none');
  expect(await condition({ capacityBytes: 1000 })).toBe('full');
  expect(await condition({ freeSpaceFloorBytes: Number.MAX_SAFE_INTEGER })).toBe('full');
  expect(await condition(failing('EROFS'))).toBe('read-only');
  expect(await condition(failing('EIO'))).toBe('failing');
});
