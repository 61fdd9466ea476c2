import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ChunkStore } from '../../../../relay/storage/chunk-store.ts';
import type { FileOps } from '../../../../relay/storage/file-ops.ts';
import { idOf, sampleChunk, silentLog, tempFolder } from '../fixtures.ts';
import { ownedChunk } from '../deletion-fixtures.ts';
import { FaultyFiles } from './faulty-files.ts';

function open(dir: string, files?: FaultyFiles, ops?: FileOps): Promise<ChunkStore> {
  return ChunkStore.open({
    dir,
    capacityBytes: 2 ** 30,
    freeSpaceFloorBytes: 0,
    log: silentLog,
    wallTime: () => {
      files?.step('index');
      return 1;
    },
    ...(ops === undefined ? {} : { ops }),
  });
}

/** Opens, stores one chunk, is killed at the given step while it stores a second: what was acknowledged? */
async function killedRun(dir: string, step: number) {
  const files = new FaultyFiles(dir);
  await using store = await open(dir, files, files.ops);
  await store.reconciliation;
  const acknowledged = sampleChunk();
  await store.put(acknowledged.id, [acknowledged.bytes]);
  const candidate = sampleChunk();
  files.killAt(step);
  const stored = await store
    .put(candidate.id, [candidate.bytes.subarray(0, 1500), candidate.bytes.subarray(1500)])
    .then(
      () => true,
      () => false,
    );
  return { acknowledged, candidate, stored, killed: files.killed };
}

describe('a relay killed at any step of a write', () => {
  it('loses no acknowledged chunk, serves no torn one and cleans up', async () => {
    let steps = 0;
    for (; ; steps++) {
      await using folder = await tempFolder();
      const { acknowledged, candidate, stored, killed } = await killedRun(folder.path, steps);
      expect(stored).toBe(!killed);

      await using store = await open(folder.path);
      await store.reconciliation;
      expect(await store.read(acknowledged.id)).toEqual(acknowledged.bytes);
      const survivor = await store.read(candidate.id).catch(() => null);
      if (stored) expect(survivor).not.toBeNull();
      if (survivor !== null) expect(idOf(survivor)).toBe(candidate.id);
      expect(await readdir(path.join(folder.path, 'tmp'))).toEqual([]);
      expect(store.usage.chunks).toBe(survivor === null ? 1 : 2);
      expect(store.inventory('', 10)).toHaveLength(survivor === null ? 1 : 2);
      if (!killed) break;
    }
    // Else the loop has not been through all of them: open, writes, fsync, close, folders, rename, index.
    expect(steps).toBeGreaterThan(10);
  }, 60_000);

  it('makes bytes durable before the name, and the name before it acknowledges', async () => {
    await using folder = await tempFolder();
    const files = new FaultyFiles(folder.path);
    await using store = await open(folder.path, files, files.ops);
    await store.reconciliation;
    const { id, bytes } = sampleChunk();
    files.steps.length = 0;
    await store.put(id, [bytes]);
    const [high, low] = [id.slice(0, 2), id.slice(2, 4)];
    const seen = files.steps.map((step) => step.replace(/tmp\/.*/, 'tmp/T'));
    expect(seen.filter((step) => /^(write|sync|mkdir|rename|index)/.test(step))).toEqual([
      'write tmp/T',
      'sync tmp/T',
      `mkdir chunks/${high}/${low}`,
      `sync chunks/${high}`,
      'sync chunks',
      `rename chunks/${high}/${low}/${id}`,
      `sync chunks/${high}/${low}`,
      'index',
    ]);
  });
});

/** Opens, stores two chunks, is killed at the given step while it deletes one. */
async function killedDeletion(dir: string, step: number) {
  const files = new FaultyFiles(dir);
  await using store = await open(dir, files, files.ops);
  await store.reconciliation;
  const [victim, bystander] = [ownedChunk(), ownedChunk()];
  await store.put(victim.id, [victim.bytes]);
  await store.put(bystander.id, [bystander.bytes]);
  files.killAt(step);
  const { tombstone } = victim;
  const acknowledged = await store.delete([{ tombstone, source: 'client', receivedAt: 1 }]).then(
    () => !store.resists(victim.id),
    () => false,
  );
  return { victim, bystander, acknowledged, killed: files.killed };
}

describe('a relay killed at any step of a deletion', () => {
  it('either has deleted for good or never began, and ends without the file', async () => {
    let begun = 0;
    for (let step = 0; ; step++) {
      await using folder = await tempFolder();
      const { victim, bystander, acknowledged, killed } = await killedDeletion(folder.path, step);
      expect(acknowledged).toBe(!killed);

      await using store = await open(folder.path);
      const buried = store.tombstones.has(victim.id);
      if (buried) {
        begun++;
        // At once, before files and index have been compared.
        await expect(store.read(victim.id)).rejects.toMatchObject({ code: 'DELETED' });
      }
      await store.reconciliation;
      const survivor = await store.read(victim.id).catch(() => null);
      expect(survivor === null).toBe(buried);
      if (acknowledged) expect(buried).toBe(true);
      const names = await readdir(path.join(folder.path, 'chunks'), { recursive: true });
      expect(names.some((name) => name.endsWith(victim.id))).toBe(!buried);
      expect(store.usage.chunks).toBe(buried ? 1 : 2);
      expect(new Uint8Array(await store.read(bystander.id))).toEqual(bystander.bytes);
      if (!killed) break;
    }
    // Killed before the file went, between that and its folder's sync, and not at all.
    expect(begun).toBeGreaterThanOrEqual(4);
  }, 60_000);

  it('has the tombstone on the disk before it touches the file', async () => {
    await using folder = await tempFolder();
    const files = new FaultyFiles(folder.path);
    await using store = await open(folder.path, files, files.ops);
    await store.reconciliation;
    const { id, bytes, tombstone } = ownedChunk();
    await store.put(id, [bytes]);
    files.steps.length = 0;
    files.failOn('unlink', Object.assign(new Error('no'), { code: 'EIO' }));
    await store.delete([{ tombstone, source: 'client', receivedAt: 1 }]);
    expect(files.steps).toEqual(['index']);
    expect(store.resists(id)).toBe(true);
    expect(store.tombstones.has(id)).toBe(true);
    await expect(store.read(id)).rejects.toMatchObject({ code: 'DELETED' });
  });
});
