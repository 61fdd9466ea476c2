/** Deletion over many relays under a virtual clock: who is away, cut off or late, and what then must not come back. */
import { describe, expect, test } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import type { DeleteResult } from '../../shared/protocol/deletion-routes.ts';
import type { PutAnswer } from '../../shared/protocol/routes.ts';
import { VirtualSwarm } from '../helpers/virtual-swarm.ts';
import type { OwnedChunk } from '../helpers/virtual-chunk.ts';

async function remove(
  swarm: VirtualSwarm,
  by: number,
  chunks: readonly OwnedChunk[],
): Promise<DeleteResult[]> {
  const requests = chunks.map(({ id, token, bodyHash }) => ({ id, token, bodyHash }));
  const { service } = swarm.relay(by).core.deletion;
  return swarm.during(service.delete(requests, new AbortController().signal));
}

async function readFrom(swarm: VirtualSwarm, index: number, { id }: OwnedChunk): Promise<string> {
  return swarm.during(
    swarm
      .relay(index)
      .core.local.read(id)
      .then(
        () => 'served',
        (error: unknown) => AppError.from(error).code,
      ),
  );
}

/** A PUT to relays of the test's choice. */
function putOn(swarm: VirtualSwarm, chunk: OwnedChunk, replicateTo: readonly RelayId[]): Promise<PutAnswer> {
  const { id, bytes } = chunk;
  const body = (async function* () {
    yield await Promise.resolve(bytes);
  })();
  const request = { id, body, sizeHintBytes: bytes.length, nonceHex: '00'.repeat(16), replicateTo };
  return swarm.during(swarm.relay(0).core.writer.put(request, new AbortController().signal));
}

function deletedEverywhere(swarm: VirtualSwarm, chunks: readonly OwnedChunk[]): boolean {
  return chunks.every(
    (chunk) =>
      swarm.holdersOf(chunk.id).length === 0 &&
      swarm.live.every(({ core }) => core.deletion.isDeleted(chunk.id)),
  );
}

describe('fifty relays, ten of which have died', () => {
  test('delete within seconds; the dead delete when they return, before they serve', async () => {
    await using swarm = await VirtualSwarm.start({ relays: 50, seed: 11 });
    await swarm.settled();
    const chunks = Array.from({ length: 20 }, () => swarm.makeChunk(400));
    for (const chunk of chunks) await swarm.put(chunk);
    const dead = Array.from({ length: 10 }, (_, i) => 5 * i + 3);
    const heldByDead = dead.filter((index) => chunks.some(({ id }) => swarm.holdersOf(id).includes(index)));
    expect(heldByDead.length).toBeGreaterThan(3);
    for (const index of dead) swarm.kill(index);

    const results = await remove(swarm, 0, chunks);
    expect(results.map(({ status }) => status)).toEqual(chunks.map(() => 'deleted'));
    const tookMs = await swarm.until(() => deletedEverywhere(swarm, chunks), { withinMs: 5000 });
    expect(tookMs).toBeLessThanOrEqual(5000);

    for (const index of dead) {
      await swarm.restart(index);
      expect(swarm.relay(index).core.local.ready).toBe(!heldByDead.includes(index));
      for (const chunk of chunks) expect(await readFrom(swarm, index, chunk)).not.toBe('served');
    }
    await swarm.until(() => swarm.live.every((relay) => relay.core.local.ready), { withinMs: 20_000 });
    for (const index of dead) {
      for (const chunk of chunks) expect(await readFrom(swarm, index, chunk)).not.toBe('served');
      for (const chunk of chunks) expect(swarm.onDiskOf(chunk.id)).not.toContain(index);
    }
    expect(deletedEverywhere(swarm, chunks)).toBe(true);
    expect(swarm.faults).toEqual([]);
  }, 300_000);
});

test('both sides of a partition delete, and both have deleted everything after it', async () => {
  await using swarm = await VirtualSwarm.start({ relays: 6, seed: 3 });
  await swarm.settled();
  const [left, right, kept] = [swarm.makeChunk(), swarm.makeChunk(), swarm.makeChunk()];
  for (const chunk of [left, right, kept]) await swarm.put(chunk);
  swarm.partition([
    [0, 1, 2],
    [3, 4, 5],
  ]);
  await swarm.run({ seconds: 15 });
  const [fromLeft] = await remove(swarm, 0, [left]);
  const [fromRight] = await remove(swarm, 5, [right]);
  expect(fromLeft?.status).toBe('deleted');
  expect(fromRight?.status).toBe('deleted');
  // Whoever is cut off is not named as one that has deleted.
  const far = [3, 4, 5].map((index) => swarm.relay(index).id);
  expect(fromLeft?.confirmed.filter((relay) => far.includes(relay as RelayId))).toEqual([]);
  expect(swarm.holdersOf(left.id).some((index) => index >= 3)).toBe(true);
  swarm.heal();
  await swarm.until(() => deletedEverywhere(swarm, [left, right]), { withinMs: 60_000 });
  expect(swarm.holdersOf(kept.id).length).toBeGreaterThanOrEqual(5);
  expect(swarm.faults).toEqual([]);
});

test('a late PUT of a deleted chunk is refused by every relay', async () => {
  await using swarm = await VirtualSwarm.start({ relays: 7, seed: 5 });
  await swarm.settled();
  const chunk = swarm.makeChunk();
  // Deleted before it was ever stored: its owner gave up on the upload.
  const [result] = await remove(swarm, 2, [chunk]);
  expect(result).toMatchObject({ status: 'deleted', pending: [] });
  await swarm.until(() => deletedEverywhere(swarm, [chunk]), { withinMs: 5000 });
  const everyone = swarm.relays.map(({ id }) => id);
  const { receipts, failed } = await putOn(swarm, chunk, everyone);
  expect(receipts).toEqual([]);
  expect(new Set(failed.map(({ code }) => code))).toEqual(new Set(['DELETED']));
});

test('the body hash is found at the holders, and a token that is not the chunk’s deletes nothing', async () => {
  await using swarm = await VirtualSwarm.start({ relays: 8, seed: 7 });
  await swarm.settled();
  const [chunk, other] = [swarm.makeChunk(), swarm.makeChunk()];
  await swarm.put(chunk);
  await swarm.put(other);
  const stranger = swarm.relays.findIndex((_, index) => !swarm.holdersOf(chunk.id).includes(index));
  const service = swarm.relay(stranger).core.deletion.service;
  const unknown = swarm.makeChunk();
  const results = await swarm.during(
    service.delete(
      [
        { id: chunk.id, token: other.token, bodyHash: null },
        { id: chunk.id, token: other.token, bodyHash: chunk.bodyHash },
        { id: chunk.id, token: other.token, bodyHash: other.bodyHash },
        { id: unknown.id, token: unknown.token, bodyHash: null },
      ],
      new AbortController().signal,
    ),
  );
  expect(results.map(({ status }) => status)).toEqual(['forbidden', 'forbidden', 'forbidden', 'unknown']);
  expect(swarm.holdersOf(chunk.id)).toHaveLength(5);
  expect(swarm.holdersOf(other.id)).toHaveLength(5);
  for (let i = 0; i < 2; i++) {
    const [done] = await swarm.during(
      service.delete([{ id: chunk.id, token: chunk.token, bodyHash: null }], new AbortController().signal),
    );
    expect(done).toMatchObject({ status: 'deleted', pending: [] });
    expect(done?.confirmed).toHaveLength(8);
  }
  expect(swarm.holdersOf(chunk.id)).toEqual([]);
  expect(swarm.holdersOf(other.id)).toHaveLength(5);
});

test('alone, a relay with chunks serves after ten seconds; an empty one at once', async () => {
  await using swarm = await VirtualSwarm.start({ relays: 1, seed: 9 });
  const chunk = swarm.makeChunk();
  expect(swarm.relay(0).core.local.ready).toBe(true);
  await putOn(swarm, chunk, [swarm.relay(0).id]);
  swarm.kill(0);
  await swarm.restart(0);
  expect(swarm.relay(0).core.local.ready).toBe(false);
  expect(await readFrom(swarm, 0, chunk)).toBe('UNAVAILABLE');
  await swarm.run({ seconds: 9 });
  expect(await readFrom(swarm, 0, chunk)).toBe('UNAVAILABLE');
  await swarm.run({ seconds: 2 });
  expect(await readFrom(swarm, 0, chunk)).toBe('served');
});

test('who was away longer than tombstones are kept serves only what another relay holds too', async () => {
  await using swarm = await VirtualSwarm.start({ relays: 6, seed: 13 });
  await swarm.settled();
  const [deleted, kept] = [swarm.makeChunk(), swarm.makeChunk()];
  const holders = swarm.relays.slice(0, 5).map(({ id }) => id);
  for (const chunk of [deleted, kept]) await putOn(swarm, chunk, holders);
  swarm.kill(4);
  await remove(swarm, 0, [deleted]);
  await swarm.until(() => deletedEverywhere(swarm, [deleted]), { withinMs: 5000 });
  // Half a year later nobody remembers the deletion.
  await swarm.suspend({ days: 181 });
  await swarm.run({ minutes: 2 });
  expect(swarm.live.some(({ core }) => core.deletion.isDeleted(deleted.id))).toBe(false);
  await swarm.restart(4);
  await swarm.run({ seconds: 120 });
  expect(swarm.relay(4).core.local.ready).toBe(true);
  expect(swarm.onDiskOf(deleted.id)).toEqual([4]);
  expect(await readFrom(swarm, 4, deleted)).toBe('UNAVAILABLE');
  expect(await readFrom(swarm, 4, kept)).toBe('served');
  // Nor does repair bring it back, past its grace period.
  await swarm.run({ minutes: 15 });
  expect(swarm.onDiskOf(deleted.id)).toEqual([4]);
});
