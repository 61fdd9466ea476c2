import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Deletion, DeletionOutcome, DeletionPort } from '../../../../../shared/engine/deletion-ports.ts';
import { AppError } from '../../../../../shared/errors.ts';
import type { ManifestId } from '../../../../../shared/ids.ts';
import { DeletionQueue } from '../../../../../web/engine/deletion/deletion-queue.ts';
import type { FileDeletion } from '../../../../../web/engine/deletion/deletion-contract.ts';
import type { LocalStores } from '../../../../../web/engine/local-stores.ts';
import { MemorySwarm } from '../../../shared/engine/memory-swarm.ts';
import { instant, openFreshStores, storeFile } from '../browser-bench.ts';
import { LockableGate } from '../lockable-gate.ts';

let stores: LocalStores;
let swarm: MemorySwarm;
let gate: LockableGate;
/** Called before each batch; may throw or hang. */
let beforeDelete: (deletions: readonly Deletion[]) => Promise<void> | void;
let batches: number;
let nowMs: number;
const queues: DeletionQueue[] = [];

beforeEach(async () => {
  stores = await openFreshStores();
  swarm = new MemorySwarm(instant, 5);
  gate = new LockableGate();
  beforeDelete = () => undefined;
  batches = 0;
  nowMs = 0;
});

afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.dispose();
  await stores[Symbol.asyncDispose]();
});

const port: DeletionPort = {
  members: (signal) => swarm.members(signal),
  async deleteChunks(deletions) {
    batches++;
    await beforeDelete(deletions);
    return deletions.map(({ id }): DeletionOutcome => {
      for (const relay of swarm.live) relay.chunks.delete(id);
      return { id, status: 'deleted', confirmed: swarm.live.map((relay) => relay.id), pending: [] };
    });
  },
};

function visit(): DeletionQueue {
  const queue = new DeletionQueue({
    stores,
    swarm: port,
    gate,
    now: () => nowMs,
    unlist: () => Promise.resolve(),
    onGone: () => undefined,
  });
  queues.push(queue);
  return queue;
}

function until(queue: DeletionQueue, what: (item: FileDeletion) => boolean): Promise<FileDeletion> {
  return new Promise((resolve) => {
    const stop = queue.watch(([item]) => {
      if (item === undefined || !what(item)) return;
      resolve(item);
      // The first call comes before `stop` is there.
      queueMicrotask(() => stop());
    });
  });
}

const inState =
  (state: FileDeletion['state']) =>
  (item: FileDeletion): boolean =>
    item.state === state;

const left = (): number => swarm.relays.reduce((sum, { chunks }) => sum + chunks.size, 0);
const listed = async (): Promise<ManifestId[]> =>
  (await stores.files.list()).map(({ manifestId }) => manifestId);

describe('DeletionQueue', () => {
  it('deletes a file with its link, takes it off the list, and forgets its journal', async () => {
    const other = await storeFile(stores, swarm, 1);
    const id = await storeFile(stores, swarm, 3);
    expect(left()).toBe(20);
    const queue = visit();
    await queue.start(id);
    const done = await until(queue, inState('deleted'));
    expect(done).toMatchObject({ chunksDone: 3, chunkCount: 3, foreignChunks: 0, error: null });
    expect(done.relays.map(({ state }) => state)).toEqual(Array(5).fill('confirmed'));
    expect(left()).toBe(5);
    expect(await listed()).toEqual([other]);
    expect(await stores.journals.uploadOf(id)).toBeNull();
    await expect(queue.start(id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('tells who is away, outlives the visit, and asks again when relays come back', async () => {
    const id = await storeFile(stores, swarm, 2);
    const [away] = swarm.relays;
    if (away === undefined) throw new Error('There are five relays.');
    away.dead = true;
    const first = visit();
    await first.start(id);
    const pending = await until(first, inState('pending'));
    expect(pending.relays.filter(({ state }) => state === 'pending')).toEqual([
      { relay: away.id, state: 'pending' },
    ]);
    expect(await listed()).toEqual([]);
    await first.dispose();

    const second = visit();
    await second.restore();
    await until(second, inState('pending'));
    second.swarmSeen({ reachable: true, storageRelays: 4 });
    await until(second, (item) => item.state === 'pending' && batches === 3);
    // Nothing has changed, and it is too early to ask again.
    second.swarmSeen({ reachable: true, storageRelays: 4 });
    expect(batches).toBe(3);
    nowMs += 3_600_000;
    second.swarmSeen({ reachable: true, storageRelays: 4 });
    await until(second, (item) => item.state === 'pending' && batches === 4);
    away.dead = false;
    second.swarmSeen({ reachable: true, storageRelays: 5 });
    await until(second, inState('deleted'));
    expect(left()).toBe(0);
    expect(await stores.journals.abandoned()).toEqual([]);
  });

  it('is taken back as long as nobody was told', async () => {
    const id = await storeFile(stores, swarm, 1);
    swarm.unreachable = true;
    const queue = visit();
    await queue.start(id);
    const failed = await until(queue, inState('failed'));
    expect(failed).toMatchObject({ begun: false, error: { code: 'UNAVAILABLE' } });
    await queue.keep(failed.id);
    expect(await stores.journals.abandoned()).toEqual([]);
    expect(await stores.journals.uploadOf(id)).toBe(failed.id);
    swarm.unreachable = false;
    await queue.restore();
    expect(await listed()).toEqual([id]);
    expect(left()).toBe(5);
    await queue.start(id);
    await until(queue, inState('deleted'));
  });

  it('stops, stays stopped over a visit, and then deletes the rest', async () => {
    const id = await storeFile(stores, swarm, 2);
    const asked = new Promise<void>((resolve) => {
      beforeDelete = () => {
        resolve();
        return new Promise(() => undefined);
      };
    });
    const first = visit();
    await first.start(id);
    await asked;
    const { id: uploadId } = await until(first, inState('running'));
    await expect(first.keep(uploadId)).rejects.toMatchObject({ code: 'CONFLICT' });
    await first.stop(uploadId);
    expect(await until(first, inState('stopped'))).toMatchObject({ begun: true });
    await first.dispose();
    beforeDelete = () => undefined;

    const second = visit();
    await second.restore();
    await until(second, inState('stopped'));
    second.swarmSeen({ reachable: true, storageRelays: 5 });
    expect(batches).toBe(1);
    expect(await listed()).toEqual([id]);
    await second.retry(uploadId);
    await until(second, inState('deleted'));
    expect(left()).toBe(0);
    expect(await listed()).toEqual([]);
  });

  it('waits while a private swarm is locked', async () => {
    const id = await storeFile(stores, swarm, 1);
    gate.lock = 'needs-key';
    const queue = visit();
    await queue.start(id);
    await until(queue, inState('waiting'));
    expect(batches).toBe(0);
    gate.lock = null;
    await until(queue, inState('deleted'));
  });

  it('says what a relay refused, and the file stays', async () => {
    const id = await storeFile(stores, swarm, 1);
    beforeDelete = () => {
      throw new AppError('BAD_INPUT', 'No.');
    };
    const queue = visit();
    await queue.start(id);
    expect(await until(queue, inState('failed'))).toMatchObject({
      begun: true,
      error: { code: 'BAD_INPUT' },
    });
    expect(await listed()).toEqual([id]);
  });
});
