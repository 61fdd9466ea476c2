/** What a client is told of its deletions, and what they cost the relay that carries them out. */
import { expect, it, vi } from 'vitest';
import { DeletionService } from '../../../../relay/services/deletion/deletion-service.ts';
import { Deletions } from '../../../../relay/services/deletion/deletions.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import { nodeFileOps } from '../../../../relay/storage/file-ops.ts';
import type { PeerRpc } from '../../../../relay/services/rpc.ts';
import type { ChunkStoreOptions } from '../../../../relay/storage/chunk-store.ts';
import { AppError } from '../../../../shared/errors.ts';
import { parseWith } from '../../../../shared/protocol/schemas.ts';
import { tombstoneId } from '../../../../shared/protocol/tombstone.ts';
import type { Tombstone } from '../../../../shared/protocol/tombstone.ts';
import { ownedChunk } from '../deletion-fixtures.ts';
import type { OwnedChunk } from '../deletion-fixtures.ts';
import { silentLog } from '../fixtures.ts';
import { relayId } from '../gossip/memory-set.ts';
import { VirtualClock } from '../p2p/virtual-clock.ts';
import { peerOf } from '../services/fake-swarm.ts';
import { StoreRig } from '../storage/store-rig.ts';

const SELF = relayId(0);
const never = new AbortController().signal;

const unreachable: PeerRpc = { call: () => Promise.reject(new AppError('UNAVAILABLE', 'Alone.')) };

async function alone(
  rig: StoreRig,
  options: Partial<ChunkStoreOptions> = {},
  peers = [peerOf(SELF)],
  rpc: PeerRpc = unreachable,
) {
  const store = await rig.open(options);
  const clock = new VirtualClock();
  const events = new EventBus(() => 0);
  const deleted: string[] = [];
  events.subscribe((event) => {
    if (event.type === 'chunk-deleted') deleted.push(event.id);
  });
  const spread: string[] = [];
  const deletions = new Deletions({ self: SELF, store, events, clock });
  const service = new DeletionService({
    self: SELF,
    deletions,
    membership: { list: () => peers },
    mesh: { neighbours: () => [], linked: () => [] },
    rpc,
    clock,
    log: silentLog,
    spread: (ids) => void spread.push(...ids),
  });
  return { store, deletions, service, deleted, spread, clock };
}

it('tombstones that come one by one, as fast as peers may send them, share their trips to the disk', async () => {
  await using rig = await StoreRig.create();
  const { store, deletions, deleted } = await alone(rig);
  const durably = vi.spyOn(store.database, 'durably');
  const held = ownedChunk();
  await store.put(held.id, [held.bytes]);
  const chunks = [held, held, ...Array.from({ length: 300 }, () => ownedChunk(200))];
  const outcomes = await Promise.all(
    chunks.map(async ({ id, tombstone }, i) =>
      (await deletions.apply([tombstone], relayId(1 + (i % 3)))).get(id),
    ),
  );
  expect(outcomes).toEqual(['deleted', 'known', ...chunks.slice(2).map(() => 'kept')]);
  expect(deleted).toEqual([held.id]);
  expect(durably.mock.calls.length).toBeLessThan(5);
  expect(store.tombstones.size).toBe(301);

  store.database
    .query("CREATE TRIGGER no BEFORE INSERT ON tombstones BEGIN SELECT RAISE(ABORT, 'no'); END")
    .run();
  const refused = [ownedChunk(), ownedChunk()].map(({ tombstone }) =>
    deletions.apply([tombstone], 'client').catch((cause: unknown) => AppError.from(cause).code),
  );
  expect(await Promise.all(refused)).toEqual(['IO', 'IO']);
});

const asked = ({ id, tombstone }: OwnedChunk) => ({
  id,
  token: tombstone.token,
  bodyHash: tombstone.body_hash,
});

it('a file that resists is not confirmed, and keeps no news of its batch from the swarm', async () => {
  await using rig = await StoreRig.create();
  const chunks = [ownedChunk(), ownedChunk()];
  const [stubborn, other] = chunks;
  if (stubborn === undefined || other === undefined) throw new Error('There are two.');
  let failing = true;
  const { store, service, deleted, spread } = await alone(rig, {
    ops: {
      ...nodeFileOps,
      unlink: (file) =>
        failing && String(file) === rig.fileOf(stubborn.id)
          ? Promise.reject(Object.assign(new Error('no'), { code: 'EIO' }))
          : nodeFileOps.unlink(file),
    },
  });
  for (const { id, bytes } of chunks) await store.put(id, [bytes]);
  const first = await service.delete(chunks.map(asked), never);
  expect(first).toEqual([
    { id: stubborn.id, status: 'failed', confirmed: [], pending: [SELF] },
    { id: other.id, status: 'deleted', confirmed: [SELF], pending: [] },
  ]);
  expect(spread).toEqual(chunks.map(({ id }) => id));
  expect(deleted).toEqual(chunks.map(({ id }) => id));

  failing = false;
  const [again] = await service.delete([asked(stubborn)], never);
  expect(again).toEqual({ id: stubborn.id, status: 'deleted', confirmed: [SELF], pending: [] });
  expect(await nodeFileOps.stat(rig.fileOf(stubborn.id)).catch(() => null)).toBeNull();
  // It is no news any more.
  expect(spread).toHaveLength(2);
});

it('a thousand chunks in a swarm of fifty leave turns to other work', async () => {
  await using rig = await StoreRig.create();
  const peers = Array.from({ length: 50 }, (_, i) => peerOf(relayId(i)));
  const { service } = await alone(rig, {}, peers);
  for (const withHash of [true, false]) {
    const chunks = Array.from({ length: 1000 }, () => ownedChunk(200));
    let turns = 0;
    let over = false;
    const turn = (): void => {
      turns++;
      if (!over) setImmediate(turn);
    };
    setImmediate(turn);
    const requests = chunks
      .map(asked)
      .map((request) => (withHash ? request : { ...request, bodyHash: null }));
    await service.delete(requests, never);
    over = true;
    expect(turns).toBeGreaterThan(20);
  }
});

it('twenty frozen relays delay no confirmation of the others', async () => {
  await using rig = await StoreRig.create();
  const peers = Array.from({ length: 40 }, (_, i) => peerOf(relayId(i)));
  const frozen = new Set(peers.slice(1, 21).map(({ id }) => id));
  const chunks = Array.from({ length: 50 }, () => ownedChunk(200));
  const rpc: PeerRpc = {
    async call(to, method, params) {
      if (frozen.has(to)) return new Promise(() => undefined);
      const { tombstones } = params as { tombstones: Tombstone[] };
      const answer: unknown = { gone: tombstones.map(tombstoneId) };
      return Promise.resolve(parseWith(method.result, answer, 'An answer'));
    },
  };
  const { service, clock } = await alone(rig, {}, peers, rpc);
  const deleted = service.delete(chunks.map(asked), never);
  const over = new AbortController();
  void deleted.then(() => over.abort());
  while (!over.signal.aborted) {
    await clock.advance(100);
    await new Promise(setImmediate);
  }
  for (const { id, confirmed, pending } of await deleted) {
    expect(
      pending.every((relay) => frozen.has(relay as never)),
      id,
    ).toBe(true);
    expect(confirmed.length + pending.length).toBeGreaterThanOrEqual(20);
    expect(confirmed.some((relay) => frozen.has(relay as never))).toBe(false);
  }
});
