/** Nobody but its owner deletes a chunk: whatever is sent, by whichever way, what is held stays. */
import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerDeletions } from '../../../../relay/services/deletion/deletion-rpc.ts';
import { DeletionService } from '../../../../relay/services/deletion/deletion-service.ts';
import { Deletions } from '../../../../relay/services/deletion/deletions.ts';
import { TombstoneSet } from '../../../../relay/services/deletion/tombstone-set.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import { PeerBudget } from '../../../../relay/services/peer-budget.ts';
import { RpcRouter } from '../../../../relay/services/rpc.ts';
import type { ChunkStore } from '../../../../relay/storage/chunk-store.ts';
import { AppError } from '../../../../shared/errors.ts';
import { TOMBSTONE_KEPT_MS } from '../../../../shared/limits.ts';
import { tombstoneId } from '../../../../shared/protocol/tombstone.ts';
import type { RelayEvent } from '../../../../shared/protocol/events.ts';
import { ownedChunk, sha256Hex } from '../deletion-fixtures.ts';
import { idOf, silentLog } from '../fixtures.ts';
import { relayId } from '../gossip/memory-set.ts';
import { VirtualClock } from '../p2p/virtual-clock.ts';
import { peerOf } from '../services/fake-swarm.ts';
import { StoreRig, codeOf } from '../storage/store-rig.ts';

const [SELF, PEER] = [relayId(0), relayId(1)];
const victims = Array.from({ length: 8 }, () => ownedChunk());
const deletedBefore = ownedChunk();

async function relay(rig: StoreRig) {
  const store = await rig.open({ wallTime: () => 1_700_000_000_000 });
  const clock = new VirtualClock();
  const bus = new EventBus(() => 0);
  const events: RelayEvent[] = [];
  bus.subscribe((event) => void events.push(event));
  const deletions = new Deletions({ self: SELF, store, events: bus, clock });
  const set = new TombstoneSet(store.tombstones, deletions, clock);
  const router = new RpcRouter();
  const spread: string[] = [];
  answerDeletions(router, {
    store,
    deletions,
    budget: new PeerBudget(() => clock.now(), { perSecond: 1e6, burst: 1e6 }),
    spread: (ids) => void spread.push(...ids),
  });
  const service = new DeletionService({
    self: SELF,
    deletions,
    membership: { list: () => [peerOf(SELF)] },
    mesh: { neighbours: () => [], linked: () => [] },
    rpc: { call: () => Promise.reject(new AppError('UNAVAILABLE', 'Alone.')) },
    clock,
    log: silentLog,
    spread: (ids) => void spread.push(...ids),
  });
  return { store, deletions, set, router, service, events, spread };
}

let rig: StoreRig;
let target: Awaited<ReturnType<typeof relay>>;
beforeAll(async () => {
  rig = await StoreRig.create();
  target = await relay(rig);
  for (const { id, bytes } of [...victims, deletedBefore]) await target.store.put(id, [bytes]);
  await target.deletions.apply([deletedBefore.tombstone], 'client');
});
afterAll(() => rig[Symbol.asyncDispose]());

function expectAllThere(store: ChunkStore): void {
  for (const { id } of victims) expect(store.has(id)).toBe(true);
  expect(store.usage.chunks).toBe(victims.length);
}

const hex32 = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const victim = fc.constantFrom(...victims);
/** Tokens and body hashes as an attacker can come by them: random, of other chunks, public parts, and altered. */
const token = fc.oneof(
  hex32,
  fc.constantFrom(...[deletedBefore].map(({ tombstone }) => tombstone.token)),
  victim.map(({ bytes }) => Buffer.from(bytes.subarray(0, 32)).toString('hex')),
  victim.map(({ tombstone }) => tombstone.body_hash),
  victim.map(({ id }) => id as string),
  fc.tuple(victim, fc.nat(255)).map(([{ tombstone }, bit]) => flip(tombstone.token, bit)),
);
const bodyHash = fc.oneof(
  victim.map(({ tombstone }) => tombstone.body_hash),
  fc.constant(deletedBefore.tombstone.body_hash),
  victim.map(({ id }) => id as string),
  hex32,
);

function flip(hex: string, bit: number): string {
  const bytes = Buffer.from(hex, 'hex');
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return bytes.toString('hex');
}

describe('ten thousand forged, replayed and mismatched deletions', () => {
  it('by gossip and by request of a relay delete nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ token, body_hash: bodyHash }), { minLength: 50, maxLength: 50 }),
        fc.boolean(),
        async (tombstones, byGossip) => {
          if (byGossip)
            await target.set.add(
              tombstones.map((t) => ({ ...t, age_ms: 0 })),
              PEER,
            );
          else
            await target.router.answer('deletion.apply', { tombstones }, PEER, new AbortController().signal);
          for (const { id } of victims) if (!target.store.has(id)) throw new Error('A chunk is gone.');
        },
      ),
      { numRuns: 100 },
    );
    expectAllThere(target.store);
  }, 120_000);

  it('by a client are forbidden or unknown, and delete nothing', async () => {
    const requests = fc.record({
      id: fc.oneof(
        victim.map(({ id }) => id),
        fc.constant(deletedBefore.id),
      ),
      token,
      bodyHash: fc.option(bodyHash),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(requests, { minLength: 50, maxLength: 50 }), async (batch) => {
        const results = await target.service.delete(batch, new AbortController().signal);
        results.forEach(({ id, status }, i) => {
          const replay = id === deletedBefore.id && batch[i]?.token === deletedBefore.tombstone.token;
          if (!replay) expect(status).toBe('forbidden');
        });
      }),
      { numRuns: 110 },
    );
    expectAllThere(target.store);
    expect(target.events.filter(({ type }) => type === 'chunk-deleted')).toHaveLength(1);
  }, 120_000);
});

it('a tombstone cannot be made in advance for a chunk of somebody else', async () => {
  // What anybody can learn of a chunk: its id, verifier and body, and so its body hash.
  const chunk = ownedChunk();
  const verifier = Buffer.from(chunk.bytes.subarray(0, 32)).toString('hex');
  const guesses = [verifier, chunk.id, sha256Hex(chunk.bytes), randomBytes(32).toString('hex')].map(
    (guess) => ({
      token: guess,
      body_hash: chunk.tombstone.body_hash,
    }),
  );
  await target.deletions.apply(guesses, PEER);
  for (const guess of guesses) expect(tombstoneId(guess)).not.toBe(chunk.id);
  expect(await target.store.put(chunk.id, [chunk.bytes])).toBe(chunk.bytes.length);
  await target.deletions.apply([chunk.tombstone], 'client');
});

it('a copied verifier makes another id, whose deletion leaves the first chunk alone', async () => {
  const [own] = victims;
  if (own === undefined) throw new Error('There are victims.');
  const copied = new Uint8Array([...own.bytes.subarray(0, 32), ...randomBytes(300)]);
  const id = idOf(copied);
  await target.store.put(id, [copied]);
  // Only who has the token of the first can delete the copy, and then exactly the copy.
  const body_hash = createHash('sha256').update(copied.subarray(32)).digest('hex');
  await target.deletions.apply([{ token: own.tombstone.token, body_hash }], PEER);
  expect(target.store.has(id)).toBe(false);
  expectAllThere(target.store);
});

describe('tombstones by gossip', () => {
  it('are handed on when they are new, and their age goes along', async () => {
    const [held, foreign] = [ownedChunk(), ownedChunk()];
    await target.store.put(held.id, [held.bytes]);
    const items = [held, foreign, held].map(({ tombstone }) => ({ ...tombstone, age_ms: 5000 }));
    expect((await target.set.add(items, PEER)).toSorted()).toEqual([held.id, foreign.id].sort());
    expect(await target.set.add(items, PEER)).toEqual([]);
    expect(target.set.get(foreign.id)).toEqual({ ...foreign.tombstone, age_ms: 5000 });
    // What was held here begins anew: it is fresh evidence that such chunks are still about.
    expect(target.set.get(held.id)).toEqual({ ...held.tombstone, age_ms: 0 });
    expect(target.store.has(held.id)).toBe(false);
  });

  it('that all others have forgotten are not taken up again, but still delete what is held', async () => {
    const [held, foreign] = [ownedChunk(), ownedChunk()];
    await target.store.put(held.id, [held.bytes]);
    const items = [held, foreign].map(({ tombstone }) => ({ ...tombstone, age_ms: TOMBSTONE_KEPT_MS }));
    expect(await target.set.add(items, PEER)).toEqual([held.id]);
    expect(target.store.has(held.id)).toBe(false);
    expect(target.store.tombstones.has(foreign.id)).toBe(false);
  });

  it('are refused when they are none, whole message and all that follows in it', async () => {
    for (const junk of [null, 7, {}, { token: 'x', body_hash: 'y', age_ms: 0 }, { ...victims[0]?.tombstone }])
      expect(await codeOf(target.set.add([junk], PEER))).toBe('BAD_INPUT');
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (junk) => {
        expect(await codeOf(target.set.add([junk], PEER))).toBe('BAD_INPUT');
      }),
      { numRuns: 100 },
    );
    expectAllThere(target.store);
  });
});
