import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDownloader } from '../../../../../shared/engine/download.ts';
import { AppError, abortError } from '../../../../../shared/errors.ts';
import { BLOCK_BYTES } from '../../../../../shared/limits.ts';
import type { PickedFile } from '../../../../../web/engine/contract.ts';
import { openDatabase } from '../../../../../web/engine/database/open-database.ts';
import type { LanvaultDatabase } from '../../../../../web/engine/database/schema.ts';
import type { LocalStores } from '../../../../../web/engine/local-stores.ts';
import { UploadQueue } from '../../../../../web/engine/uploads/upload-queue.ts';
import { FakeWorkers, collect, pseudoRandom } from '../../../shared/engine/fakes.ts';
import { MemorySwarm } from '../../../shared/engine/memory-swarm.ts';
import { instant, openFreshStores } from '../browser-bench.ts';
import { LockableGate } from '../lockable-gate.ts';
import { allIn, until } from './transfer-watching.ts';

function picked(name: string, blocks: number, seed = name): PickedFile {
  const content = pseudoRandom(blocks * BLOCK_BYTES - 5, seed);
  return { file: new File([content], name, { lastModified: 1 }), path: `folder/${name}` };
}

let database: LanvaultDatabase;
let stores: LocalStores;
let swarm: MemorySwarm;
let workers: FakeWorkers;
let gate: LockableGate;
const queues: UploadQueue[] = [];
let minReplicas: number;

beforeEach(async () => {
  stores = await openFreshStores();
  database = await openDatabase(() => undefined);
  swarm = new MemorySwarm(instant, 6);
  workers = new FakeWorkers();
  minReplicas = 1;
  gate = new LockableGate();
});

afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.dispose();
  await stores[Symbol.asyncDispose]();
  database.close();
});

/** A visit to the page: a new queue on the same browser and swarm. */
function visit(): UploadQueue {
  const queue = new UploadQueue({
    stores,
    swarm,
    workers,
    gate,
    minReplicas: () => minReplicas,
    onStored: () => undefined,
  });
  queues.push(queue);
  return queue;
}

/** Cuts the upload off after so many chunks, as a closed tab does; resolves when it is off. */
async function interruptAfter(puts: number, queue: UploadQueue): Promise<void> {
  const reached = new Promise<void>((resolve) => {
    swarm.beforePut = async (_id, signal) => {
      if (swarm.puts <= puts) return;
      resolve();
      await new Promise((_never, reject) =>
        signal.addEventListener('abort', () => reject(abortError(signal))),
      );
    };
  });
  await reached;
  await queue.dispose();
  swarm.beforePut = () => undefined;
}

describe('UploadQueue', () => {
  it('stores files one after the other, and lists them', async () => {
    const queue = visit();
    const files = [picked('a.bin', 3), picked('b.bin', 1)];
    queue.add(files, 'none');
    expect(queue.active).toBe(true);
    const [first, second] = await until(queue, allIn('done'));
    expect(first).toMatchObject({
      name: 'a.bin',
      folder: 'folder',
      storedBytes: 3 * BLOCK_BYTES - 5,
      chunksStored: 3,
      chunkCount: 3,
      minReplicas: 5,
      resumedBytes: 0,
      error: null,
    });
    expect(second?.chunksStored).toBe(1);
    const listed = await stores.files.list();
    expect(listed.map(({ path }) => path).toSorted()).toEqual(['folder/a.bin', 'folder/b.bin']);
    expect(listed.every(({ owned, minReplicas }) => owned && minReplicas === 5)).toBe(true);
    expect(await stores.journals.leftovers()).toEqual([]);

    if (first === undefined || first.manifestId === null)
      throw new Error('A finished upload has a manifest.');
    const manifest = await stores.files.manifest(first.manifestId);
    const downloader = createDownloader({ manifest, swarm, workers });
    const back = downloader.read({ start: 0, end: downloader.sizeBytes }, new AbortController().signal);
    expect(
      Buffer.from(await collect(back)).equals(Buffer.from(pseudoRandom(3 * BLOCK_BYTES - 5, 'a.bin'))),
    ).toBe(true);
  });

  it('after a reload asks for the file, and sends no chunk again that was stored', async () => {
    const first = visit();
    first.add([picked('a.bin', 12)], 'none');
    await interruptAfter(4, first);
    const sentBefore = new Set(swarm.sent);

    const second = visit();
    await second.restore();
    const [left] = await until(second, allIn('needs-file'));
    expect(left).toMatchObject({
      name: 'a.bin',
      folder: 'folder',
      chunksStored: 4,
      storedBytes: 4 * BLOCK_BYTES,
    });
    if (left === undefined) throw new Error('It was just there.');
    await expect(second.resume(left.id)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(second.resume(left.id, picked('a.bin', 11))).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    await expect(second.resume(left.id, picked('b.bin', 12))).rejects.toMatchObject({ code: 'FILE_CHANGED' });

    swarm.sent.length = 0;
    await second.resume(left.id, picked('a.bin', 12));
    const [done] = await until(second, allIn('done'));
    expect(done).toMatchObject({ resumedBytes: 4 * BLOCK_BYTES, chunksStored: 12, minReplicas: 5 });
    expect(swarm.sent).toHaveLength(8);
    // What was under way is sent again as the same chunk: nothing is left behind on the relays.
    expect(new Set([...sentBefore, ...swarm.sent]).size).toBe(12);
    expect(await stores.files.list()).toHaveLength(1);
  });

  it('goes on by itself after a reload where the browser still has the file', async () => {
    const file = picked('a.bin', 12);
    // fake-indexeddb cannot clone a function; a handle's prototype has them in the browser.
    const queue = visit();
    queue.add([file], 'none');
    await interruptAfter(3, queue);
    const again = visit();
    const { journals } = stores;
    const leftovers = journals.leftovers.bind(journals);
    const handle = {
      getFile: () => Promise.resolve(file.file),
      queryPermission: () => Promise.resolve('granted'),
    };
    stores.journals.leftovers = async () =>
      (await leftovers()).map((left) => ({
        ...left,
        handle: handle as unknown as FileSystemFileHandle,
      }));
    await again.restore();
    const [done] = await until(again, allIn('done'));
    expect(done).toMatchObject({ resumedBytes: 3 * BLOCK_BYTES });
  });

  it('can be paused and resumed in one visit', async () => {
    const queue = visit();
    const reached = new Promise<void>((resolve) => {
      swarm.beforePut = async (_id, signal) => {
        if (swarm.puts <= 2) return;
        resolve();
        await new Promise((_never, reject) =>
          signal.addEventListener('abort', () => reject(abortError(signal))),
        );
      };
    });
    queue.add([picked('a.bin', 4), picked('b.bin', 1)], 'none');
    await reached;
    const [a, b] = await until(queue, (transfers) => transfers.length === 2);
    if (a === undefined || b === undefined) throw new Error('Two were added.');
    expect(() => queue.dismiss(a.id)).toThrow(expect.objectContaining({ code: 'CONFLICT' }));
    await expect(queue.resume(a.id)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(a.stages).toMatchObject({ checking: 0 });
    await queue.pause(b.id);
    await queue.pause(a.id);
    const paused = await until(queue, allIn('paused'));
    expect(paused.map(({ kept, stages }) => ({ kept, stages }))).toEqual([
      { kept: true, stages: null },
      { kept: false, stages: null },
    ]);
    expect((await stores.journals.leftovers()).map(({ paused }) => paused)).toEqual([true]);

    swarm.beforePut = () => undefined;
    await queue.resume(a.id);
    await queue.resume(b.id);
    await until(queue, allIn('done'));
    expect(await stores.files.list()).toHaveLength(2);
  });

  it('pauses all without starting the next, resumes all, and cancels all', async () => {
    const queue = visit();
    const hold = (): Promise<void> =>
      new Promise((resolve) => {
        swarm.beforePut = async (_id, signal) => {
          resolve();
          await new Promise((_never, reject) =>
            signal.addEventListener('abort', () => reject(abortError(signal))),
          );
        };
      });
    let reached = hold();
    queue.add([picked('a.bin', 2), picked('b.bin', 1), picked('c.bin', 1)], 'none');
    await reached;
    const { puts } = swarm;
    await queue.pauseAll();
    await until(queue, allIn('paused'));
    expect(swarm.puts).toBe(puts);
    expect(queue.active).toBe(false);

    reached = hold();
    await queue.resumeAll();
    await reached;
    await until(
      queue,
      ([a, b, c]) => a?.state === 'running' && b?.state === 'queued' && c?.state === 'queued',
    );
    await queue.cancelAll();
    expect(await until(queue, (transfers) => transfers.length === 0)).toEqual([]);
    // Only the first had begun: what it has sent is to be deleted.
    expect((await database.getAll('journals')).map(({ state, paused }) => ({ state, paused }))).toEqual([
      { state: 'abandoned', paused: false },
    ]);
    expect(await stores.files.list()).toEqual([]);
  });

  it('takes finished uploads off the list, and keeps their files', async () => {
    const queue = visit();
    queue.add([picked('a.bin', 1)], 'none');
    const [done] = await until(queue, allIn('done'));
    queue.dismiss(done?.id ?? '');
    expect(await until(queue, (transfers) => transfers.length === 0)).toEqual([]);
    expect(await stores.files.list()).toHaveLength(1);
  });

  it('says what went wrong, keeps the journal, and goes on when told to', async () => {
    swarm.relays.forEach((relay) => (relay.dead = true));
    const queue = visit();
    queue.add([picked('a.bin', 2)], 'none');
    const [failed] = await until(queue, allIn('failed'));
    expect(failed?.error?.code).toBe('NOT_ENOUGH_RELAYS');
    swarm.relays.forEach((relay) => (relay.dead = false));
    await queue.resume(failed?.id ?? '');
    await until(queue, allIn('done'));
  });

  it('fails where fewer relays take a chunk than the user wants, and goes on once fewer are enough', async () => {
    swarm = new MemorySwarm(instant, 3);
    minReplicas = 4;
    const queue = visit();
    queue.add([picked('a.bin', 1)], 'none');
    const [failed] = await until(queue, allIn('failed'));
    expect(failed?.error?.code).toBe('NOT_ENOUGH_RELAYS');
    minReplicas = 3;
    await queue.resume(failed?.id ?? '');
    expect((await until(queue, allIn('done')))[0]?.minReplicas).toBe(3);
  });

  it('does not go on where none of the relays is left that hold the beginning', async () => {
    const first = visit();
    first.add([picked('a.bin', 12)], 'none');
    await interruptAfter(4, first);
    // Relays that began anew: other identities, empty disks.
    swarm = new MemorySwarm(instant, 6, 'new relay');
    const second = visit();
    await second.restore();
    const [left] = await until(second, allIn('needs-file'));
    await second.resume(left?.id ?? '', picked('a.bin', 12));
    const [failed] = await until(second, (transfers) =>
      transfers.every(({ state }) => state === 'failed' || state === 'done'),
    );
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'NOT_ENOUGH_RELAYS' } });
    expect(failed?.error?.message).toMatch(/None of the relays/);
    expect(await stores.files.list()).toEqual([]);
    expect(swarm.sent).toEqual([]);
  });

  it('asks for the file where the one it had cannot be opened again', async () => {
    const first = visit();
    first.add([picked('a.bin', 6)], 'none');
    await interruptAfter(2, first);
    const { journals } = stores;
    const leftovers = journals.leftovers.bind(journals);
    const handle = {
      getFile: () => Promise.reject(new DOMException('It was moved.', 'NotFoundError')),
      queryPermission: () => Promise.resolve('granted'),
    };
    stores.journals.leftovers = async () =>
      (await leftovers()).map((left) => ({ ...left, handle: handle as unknown as FileSystemFileHandle }));
    const second = visit();
    await second.restore();
    const [failed] = await until(second, allIn('failed'));
    expect(failed?.error?.code).toBe('FILE_CHANGED');
    await expect(second.resume(failed?.id ?? '')).rejects.toMatchObject({ code: 'FILE_CHANGED' });
    const [asks] = await until(second, allIn('needs-file'));
    expect(asks?.error?.message).toMatch(/pick it again/);
    await second.resume(failed?.id ?? '', picked('a.bin', 6));
    const [done] = await until(second, allIn('done'));
    expect(done).toMatchObject({ resumedBytes: 2 * BLOCK_BYTES });
  });

  it('gives an unfinished upload up for good when it is cancelled', async () => {
    const first = visit();
    first.add([picked('a.bin', 12)], 'none');
    await interruptAfter(2, first);
    const second = visit();
    await second.restore();
    const [left] = await until(second, allIn('needs-file'));
    await second.cancel(left?.id ?? '');
    expect(await until(second, (transfers) => transfers.length === 0)).toEqual([]);
    const third = visit();
    await third.restore();
    expect(await until(third, () => true)).toEqual([]);
    // Its chunks are still known, to be deleted.
    expect(await database.count('journal-entries')).toBeGreaterThan(0);
    expect((await database.getAll('journals')).map(({ state }) => state)).toEqual(['abandoned']);
  });

  it('adds a file to the list whose last visit ended right after its last chunk', async () => {
    const add = stores.files.add.bind(stores.files);
    stores.files.add = () => Promise.reject(new Error('The tab is gone.'));
    const first = visit();
    first.add([picked('a.bin', 2)], 'none');
    await until(first, allIn('failed'));
    expect(await stores.files.list()).toEqual([]);
    stores.files.add = add;

    const second = visit();
    await second.restore();
    expect(await until(second, () => true)).toEqual([]);
    expect(await stores.files.list()).toMatchObject([{ path: 'folder/a.bin', minReplicas: 5, owned: true }]);
    expect(await stores.journals.leftovers()).toEqual([]);
  });

  it('leaves alone what another tab is uploading', async () => {
    const queue = visit();
    const reached = new Promise<void>((resolve) => {
      swarm.beforePut = async (_id, signal) => {
        resolve();
        await new Promise((_never, reject) =>
          signal.addEventListener('abort', () => reject(abortError(signal))),
        );
      };
    });
    queue.add([picked('a.bin', 2)], 'none');
    await reached;
    const otherTab = visit();
    await otherTab.restore();
    expect(await until(otherTab, () => true)).toEqual([]);
  });

  it('a private swarm that turns the key away makes uploads wait, and what was stored is not sent again', async () => {
    const queue = visit();
    swarm.beforePut = () => {
      if (swarm.puts <= 2) return;
      gate.lock = 'key-refused';
      throw new AppError('NO_SESSION', 'This swarm is private.');
    };
    queue.add([picked('a.bin', 5), picked('b.bin', 1)], 'none');
    await until(queue, (transfers) => gate.lock !== null && allIn('queued')(transfers));
    expect(queue.active).toBe(true);
    swarm.beforePut = () => undefined;
    const putsBefore = swarm.puts;
    gate.lock = null;
    const [first] = await until(queue, allIn('done'));
    expect(first?.resumedBytes).toBeGreaterThan(0);
    expect(first?.chunksStored).toBe(5);
    // At most what had no receipt, and the other file.
    expect(swarm.puts - putsBefore).toBeLessThan(5 + 1);
  });

  it('an upload that waits at a locked swarm can be paused, and the queue can end', async () => {
    const queue = visit();
    gate.lock = 'needs-key';
    queue.add([picked('a.bin', 1), picked('b.bin', 1)], 'none');
    const [first] = await until(queue, allIn('queued'));
    await queue.pause(first?.id ?? '');
    const [paused, second] = await until(queue, (transfers) => transfers[0]?.state === 'paused');
    expect(paused?.error).toBeNull();
    expect(second?.state).toBe('queued');
    expect(swarm.puts).toBe(0);
    await queue.dispose();
    expect(gate.waiting).toBe(0);
  });
});
