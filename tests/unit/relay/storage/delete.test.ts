import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeFileOps } from '../../../../relay/storage/file-ops.ts';
import type { ChunkStore } from '../../../../relay/storage/chunk-store.ts';
import { TombstoneTable } from '../../../../relay/storage/tombstone-table.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { ownedChunk } from '../deletion-fixtures.ts';
import type { OwnedChunk } from '../deletion-fixtures.ts';
import { StoreRig, codeOf } from './store-rig.ts';

const PEER = 'ab'.repeat(32) as RelayId;
const OTHER = 'cd'.repeat(32) as RelayId;

async function remove(store: ChunkStore, chunk: OwnedChunk, source: RelayId | 'client' = 'client') {
  const { tombstone } = chunk;
  return (await store.delete([{ tombstone, source, receivedAt: 500 }])).get(chunk.id);
}

async function expectGone(store: ChunkStore, rig: StoreRig, { id, bytes }: OwnedChunk): Promise<void> {
  expect(store.has(id)).toBe(false);
  expect(await store.sizeOf(id)).toBeNull();
  expect(await codeOf(store.read(id))).toBe('DELETED');
  expect(await codeOf(store.openStream(id))).toBe('DELETED');
  expect(await codeOf(store.put(id, [bytes]))).toBe('DELETED');
  expect(await nodeFileOps.stat(rig.fileOf(id)).catch(() => null)).toBeNull();
  expect(store.inventory('', 10).map((row) => row.id)).not.toContain(id);
}

describe('a deleted chunk', () => {
  it('is gone with its file and its row, and is refused from then on, also after a restart', async () => {
    await using rig = await StoreRig.create();
    const store = await rig.open();
    const [chunk, kept] = [ownedChunk(), ownedChunk()];
    await store.put(chunk.id, [chunk.bytes]);
    await store.put(kept.id, [kept.bytes]);
    expect(await remove(store, chunk)).toBe('deleted');
    await expectGone(store, rig, chunk);
    expect(store.usage).toEqual({ chunks: 1, bytes: kept.bytes.length });
    expect(await remove(store, chunk)).toBe('known');
    await store[Symbol.asyncDispose]();

    const again = await rig.open();
    await expectGone(again, rig, chunk);
    expect(new Uint8Array(await again.read(kept.id))).toEqual(kept.bytes);
  });

  it('is refused where it was never held, while its body still comes in, and when it is sent once more', async () => {
    await using rig = await StoreRig.create();
    const store = await rig.open();
    const chunk = ownedChunk();
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield chunk.bytes.subarray(0, 100);
      expect(await remove(store, chunk)).toBe('kept');
      yield chunk.bytes.subarray(100);
    }
    expect(await codeOf(store.put(chunk.id, slowly()))).toBe('DELETED');
    await expectGone(store, rig, chunk);
    expect(await rig.tempNames()).toEqual([]);

    const twice = ownedChunk();
    await store.put(twice.id, [twice.bytes]);
    async function* oncemore(): AsyncGenerator<Uint8Array> {
      yield twice.bytes.subarray(0, 100);
      expect(await remove(store, twice)).toBe('deleted');
      yield twice.bytes.subarray(100);
    }
    expect(await codeOf(store.put(twice.id, oncemore()))).toBe('DELETED');
    await expectGone(store, rig, twice);
  });

  it('is refused when its tombstone comes between the file’s rename and its row', async () => {
    await using rig = await StoreRig.create();
    const chunk = ownedChunk();
    let deletion: Promise<unknown> = Promise.resolve();
    const store: ChunkStore = await rig.open({
      ops: {
        ...nodeFileOps,
        rename: async (from, to) => {
          await nodeFileOps.rename(from, to);
          deletion = remove(store, chunk);
        },
      },
    });
    expect(await codeOf(store.put(chunk.id, [chunk.bytes]))).toBe('DELETED');
    await deletion;
    await expectGone(store, rig, chunk);
  });

  it('is not adopted from a file that turns up: the file is destroyed', async () => {
    await using rig = await StoreRig.create();
    const store = await rig.open();
    const chunk = ownedChunk();
    await store.put(chunk.id, [chunk.bytes]);
    await remove(store, chunk);
    await store[Symbol.asyncDispose]();
    await writeFile(rig.fileOf(chunk.id), chunk.bytes);

    const early = await rig.openAtOnce();
    expect(await codeOf(early.read(chunk.id))).toBe('DELETED');
    await early.reconciliation;
    await expectGone(early, rig, chunk);
  });

  it('counts as held while the index does not know its file yet', async () => {
    await using rig = await StoreRig.create();
    const store = await rig.open();
    const chunk = ownedChunk();
    await store.put(chunk.id, [chunk.bytes]);
    await store[Symbol.asyncDispose]();
    await rm(path.join(rig.dir, 'dht_index.sqlite'));
    await rm(path.join(rig.dir, 'dht_index.sqlite-wal'), { force: true });
    const early = await rig.openAtOnce({ tombstoneQuota: { perSource: 0, total: 0 } });
    expect(await remove(early, chunk)).toBe('deleted');
    await early.reconciliation;
    await expectGone(early, rig, chunk);
  });

  it('takes what was set aside under its name with it', async () => {
    await using rig = await StoreRig.create();
    const store = await rig.open();
    const chunk = ownedChunk();
    await store.put(chunk.id, [chunk.bytes]);
    await writeFile(rig.fileOf(chunk.id), 'rotten');
    expect(await store.sizeOf(chunk.id)).toBeNull();
    expect(await readdir(path.join(rig.dir, 'rotten'))).toEqual([chunk.id]);
    await remove(store, chunk);
    expect(await readdir(path.join(rig.dir, 'rotten'))).toEqual([]);
  });
});

describe('a file that cannot be destroyed', () => {
  it('keeps none of its batch, and goes when the deletion is asked for again', async () => {
    await using rig = await StoreRig.create();
    const chunks = Array.from({ length: 40 }, () => ownedChunk());
    const [stubborn] = chunks;
    if (stubborn === undefined) throw new Error('There are forty.');
    let failing = true;
    const store = await rig.open({
      ops: {
        ...nodeFileOps,
        unlink: (file) => {
          const resists = failing && String(file) === rig.fileOf(stubborn.id);
          if (resists) return Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' }));
          return nodeFileOps.unlink(file);
        },
      },
    });
    for (const { id, bytes } of chunks) await store.put(id, [bytes]);
    const batch = chunks.map(({ tombstone }) => ({ tombstone, source: 'client' as const, receivedAt: 1 }));
    const outcomes = await store.delete(batch);
    expect(new Set(outcomes.values())).toEqual(new Set(['deleted']));
    const left = (await readdir(path.join(rig.dir, 'chunks'), { recursive: true })).filter(
      (name) => path.basename(name).length === 64,
    );
    expect(left.map((name) => path.basename(name))).toEqual([stubborn.id]);
    expect([store.resists(stubborn.id), await codeOf(store.read(stubborn.id))]).toEqual([true, 'DELETED']);

    failing = false;
    expect(await remove(store, stubborn)).toBe('known');
    expect(store.resists(stubborn.id)).toBe(false);
    await expectGone(store, rig, stubborn);
  });

  it('does not keep the index from being brought in line at the next start', async () => {
    await using rig = await StoreRig.create();
    const [deleted, lost] = [ownedChunk(), ownedChunk()];
    const store = await rig.open();
    for (const { id, bytes } of [deleted, lost]) await store.put(id, [bytes]);
    await remove(store, deleted);
    await store[Symbol.asyncDispose]();
    await writeFile(rig.fileOf(deleted.id), deleted.bytes);
    await rm(rig.fileOf(lost.id));

    const unlink = (): Promise<never> => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' }));
    const again = await rig.open({ ops: { ...nodeFileOps, unlink } });
    expect(again.usage.chunks).toBe(0);
    expect(await codeOf(again.read(deleted.id))).toBe('DELETED');
  });
});

it('a doubtful chunk that is sent once more is served again', async () => {
  await using rig = await StoreRig.create();
  const store = await rig.open();
  const chunks = [ownedChunk(), ownedChunk()];
  for (const { id, bytes } of chunks) await store.put(id, [bytes]);
  store.doubtful.markAll();
  const [again, rotten] = chunks;
  if (again === undefined || rotten === undefined) throw new Error('There are two.');
  expect(await codeOf(store.put(again.id, [rotten.bytes]))).toBe('HASH_MISMATCH');
  expect(store.doubtful.has(again.id)).toBe(true);
  await store.put(again.id, [again.bytes]);
  await writeFile(rig.fileOf(rotten.id), 'rotten');
  await store.put(rotten.id, [rotten.bytes]);
  expect(chunks.map(({ id }) => store.doubtful.has(id))).toEqual([false, false]);
});

describe('quotas of tombstones', () => {
  it('bound what is remembered of chunks not held, and never what is deleted', async () => {
    await using rig = await StoreRig.create();
    const store = await rig.open({ tombstoneQuota: { perSource: 2, total: 3 } });
    const outcomes = [];
    for (const source of [PEER, PEER, PEER, OTHER, OTHER, 'client'] as const)
      outcomes.push(await remove(store, ownedChunk(), source));
    expect(outcomes).toEqual(['kept', 'kept', 'full', 'kept', 'full', 'full']);
    for (let i = 0; i < 5; i++) {
      const held = ownedChunk();
      await store.put(held.id, [held.bytes]);
      expect(await remove(store, held, PEER)).toBe('deleted');
      await expectGone(store, rig, held);
    }
    expect(store.tombstones.size).toBe(8);

    // What counts is what is kept, over restarts and after forgetting.
    await store[Symbol.asyncDispose]();
    const again = await rig.open({ tombstoneQuota: { perSource: 2, total: 3 } });
    expect(await remove(again, ownedChunk(), 'client')).toBe('full');
    expect(again.tombstones.forgetBefore(501, 2)).toBe(2);
    expect(await remove(again, ownedChunk(), 'client')).toBe('kept');
  });

  it('are kept without going through all tombstones: metrics ask for their number, and old ones go by the thousand', async () => {
    await using rig = await StoreRig.create();
    const store = await rig.open();
    const held = ownedChunk();
    await store.put(held.id, [held.bytes]);
    const table = store.tombstones;
    let scans = 0;
    const counting = new Proxy(store.database, {
      get: (database, property) => {
        if (property === 'onReset') return () => undefined;
        return (sql: string) => {
          const query = database.query(sql);
          const note = (): void => void (scans += sql.includes('COUNT(*)') ? 1 : 0);
          return {
            get: (...parameters: Parameters<typeof query.get>) => (note(), query.get(...parameters)),
            all: (...parameters: Parameters<typeof query.all>) => (note(), query.all(...parameters)),
            run: (...parameters: Parameters<typeof query.run>) => (note(), query.run(...parameters)),
          };
        };
      },
    });
    await remove(store, held);
    for (const source of [PEER, PEER, OTHER] as const) await remove(store, ownedChunk(), source);
    expect(table.size).toBe(4);
    const other = new TombstoneTable(counting, { perSource: 2, total: 3 });
    expect(scans).toBeGreaterThan(0);
    scans = 0;
    expect([other.size, other.hasRoom(PEER), other.hasRoom(OTHER)]).toEqual([4, false, false]);
    expect(other.forgetBefore(501, 10)).toBe(3);
    expect([other.size, other.hasRoom(PEER), other.hasRoom(OTHER)]).toEqual([1, true, true]);
    expect(other.forgetBefore(2000, 10)).toBe(1);
    expect(other.size).toBe(0);
    expect(scans).toBe(0);
  });

  it('a batch is taken together or, when the disk refuses, not at all', async () => {
    await using rig = await StoreRig.create();
    const store = await rig.open();
    const chunks = [ownedChunk(), ownedChunk()];
    for (const { id, bytes } of chunks) await store.put(id, [bytes]);
    store.database
      .query(
        "CREATE TRIGGER no BEFORE INSERT ON tombstones WHEN (SELECT COUNT(*) FROM tombstones) > 0 BEGIN SELECT RAISE(ABORT, 'no'); END",
      )
      .run();
    const batch = chunks.map(({ tombstone }) => ({ tombstone, source: PEER, receivedAt: 1 }));
    expect(await codeOf(store.delete(batch))).toBe('IO');
    expect(store.usage.chunks).toBe(2);
    for (const { id, bytes } of chunks) expect(new Uint8Array(await store.read(id))).toEqual(bytes);
    store.database.query('DROP TRIGGER no').run();
    expect([...(await store.delete(batch)).values()]).toEqual(['deleted', 'deleted']);
  });
});

it('pages of tombstones go by prefix, in order', async () => {
  await using rig = await StoreRig.create();
  const store = await rig.open();
  const chunks = Array.from({ length: 60 }, () => ownedChunk());
  await store.delete(chunks.map(({ tombstone }) => ({ tombstone, source: 'client', receivedAt: 1 })));
  const table = new TombstoneTable(store.database);
  const sorted = chunks.map(({ id }) => id).sort();
  expect(table.page('', '', 100)).toEqual(sorted);
  const seen: string[] = [];
  for (const digit of '0123456789abcdef') {
    for (let after = ''; ;) {
      const page = table.page(digit, after, 2);
      seen.push(...page);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last;
    }
  }
  expect(seen).toEqual(sorted);
});
