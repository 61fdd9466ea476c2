/** What happens to a file between two steps of another request, or of a process before. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { nodeFileOps } from '../../../../relay/storage/file-ops.ts';
import type { FileOps } from '../../../../relay/storage/file-ops.ts';
import { sampleChunk } from '../fixtures.ts';
import { FaultyFiles } from './faulty-files.ts';
import { StoreRig } from './store-rig.ts';

it('a chunk stored while the rotten file of its name is being judged stays stored', async () => {
  await using rig = await StoreRig.create();
  const { id, bytes } = sampleChunk();
  const file = rig.fileOf(id);
  const first = await rig.open();
  await first.put(id, [bytes]);
  await first[Symbol.asyncDispose]();

  const judging = Promise.withResolvers<undefined>();
  const stored = Promise.withResolvers<undefined>();
  let held = false;
  const open: FileOps['open'] = async (name, flags, mode) => {
    const handle = await nodeFileOps.open(name, flags, mode);
    if (String(name) !== file || held) return handle;
    held = true;
    // The first to judge the file has it open, and is not heard of until the other one has had all the time it wants.
    judging.resolve(undefined);
    await stored.promise;
    return handle;
  };
  const store = await rig.open({ ops: { ...nodeFileOps, open } });
  await writeFile(file, Buffer.alloc(bytes.length + 1));
  const slow = store.sizeOf(id);
  await judging.promise;
  const put = store.put(id, [bytes]);
  // Without waiting for the judge: it is done now, or cannot be before the judge is.
  await Promise.race([put, new Promise((resolve) => setTimeout(resolve, 100))]);
  stored.resolve(undefined);
  await slow;
  expect(await put).toBe(bytes.length);
  expect(store.has(id)).toBe(true);
  expect(new Uint8Array(await store.read(id))).toEqual(new Uint8Array(bytes));
});

it('a file that was found is no chunk to acknowledge before its name is durable', async () => {
  await using rig = await StoreRig.create();
  const { id, bytes } = sampleChunk();
  const first = await rig.open();
  await first.put(id, [bytes]);
  await first[Symbol.asyncDispose]();
  // As after a death between the rename and what follows.
  for (const suffix of ['', '-wal', '-shm']) {
    await rm(path.join(rig.dir, `dht_index.sqlite${suffix}`), { force: true });
  }
  const files = new FaultyFiles(rig.dir);
  const store = await rig.open({ ops: files.ops });
  expect(store.has(id)).toBe(true);
  expect(await store.put(id, [bytes])).toBe(bytes.length);
  expect(files.steps).toContain(`sync ${path.join('chunks', id.slice(0, 2), id.slice(2, 4))}`);
});
