import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { FoundChunk } from '../../../../relay/services/chunk-reader.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { NEGATIVE_CACHE_TTL_MS } from '../../../../shared/limits.ts';
import { placementOrder } from '../../../../shared/placement/placement.ts';
import { NONCE, sampleChunk } from '../fixtures.ts';
import { relayRig } from '../relay-rig.ts';
import type { RelayRig } from '../relay-rig.ts';
import { fakeRelay, hangs, peerOf } from './fake-swarm.ts';

const never = new AbortController().signal;
const notFound = (): Promise<never> => Promise.reject(new AppError('NOT_FOUND', 'no'));

async function bytesOf({ body }: FoundChunk): Promise<Uint8Array> {
  return new Uint8Array(body instanceof Readable ? await buffer(body) : body);
}

const anywhere = (id: ReturnType<typeof sampleChunk>['id']) => ({ id, localOnly: false, holder: null });

/** Peers in the order in which they shall be asked for the chunk. */
function ordered(id: ReturnType<typeof sampleChunk>['id'], peers: readonly RelayId[]): RelayId[] {
  return placementOrder(
    id,
    peers.map((peer) => peerOf(peer)),
  ).map((member) => member.id);
}

async function rigWithPeers(count: number): Promise<RelayRig & { peers: RelayId[] }> {
  const peers = Array.from({ length: count }, () => fakeRelay().id);
  return { ...(await relayRig({ peers })), peers };
}

describe('where a chunk is read from', () => {
  it('its own storage first, asking nobody', async () => {
    await using rig = await relayRig({ peers: [fakeRelay().id] });
    const { id, bytes } = sampleChunk();
    await rig.local.store(id, bytes, NONCE);
    expect(await bytesOf(await rig.reader.get(anywhere(id), never))).toEqual(bytes);
    expect(rig.transport.asked).toEqual([]);
    expect(rig.events.at(-1)).toMatchObject({ type: 'chunk-read', id, relay: rig.id, size: bytes.length });
  });

  it('own storage or nothing, when the client says so', async () => {
    await using rig = await rigWithPeers(3);
    const { id } = sampleChunk();
    const request = { id, localOnly: true, holder: null };
    await expect(rig.reader.get(request, never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(rig.reader.sizeOf(request, never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(rig.transport.asked).toEqual([]);
  });

  it('a named holder only, unverified, and its failure is the answer', async () => {
    await using rig = await rigWithPeers(3);
    const { peers } = rig;
    const [holder, other] = peers as [RelayId, RelayId];
    const { id, bytes } = sampleChunk();
    rig.transport.gets.set(holder, () => Promise.resolve(new Uint8Array([1, 2, 3])));
    rig.transport.gets.set(other, () => Promise.resolve(bytes));
    const request = { id, localOnly: false, holder };
    expect(await bytesOf(await rig.reader.get(request, never))).toEqual(new Uint8Array([1, 2, 3]));
    rig.transport.gets.set(holder, () => Promise.reject(new AppError('TIMEOUT', 'slow')));
    await expect(rig.reader.get(request, never)).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(new Set(rig.transport.asked)).toEqual(new Set([holder]));
  });

  it('itself as the named holder is its own storage', async () => {
    await using rig = await rigWithPeers(2);
    const { id } = sampleChunk();
    const request = { id, localOnly: false, holder: rig.id };
    await expect(rig.reader.get(request, never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(rig.transport.asked).toEqual([]);
  });

  it('the relays in placement order, past those without it and those that lie', async () => {
    await using rig = await rigWithPeers(6);
    const { peers } = rig;
    const { id, bytes } = sampleChunk();
    const order = ordered(id, [rig.id, ...peers]).filter((peer) => peer !== rig.id);
    const [first, second, third, fourth] = order as [RelayId, RelayId, RelayId, RelayId];
    rig.transport.gets.set(first, notFound);
    rig.transport.gets.set(second, () => Promise.resolve(sampleChunk().bytes));
    rig.transport.gets.set(third, () => Promise.resolve(new Uint8Array(0)));
    rig.transport.gets.set(fourth, () => Promise.resolve(bytes));
    expect(await bytesOf(await rig.reader.get(anywhere(id), never))).toEqual(bytes);
    expect(rig.transport.asked.slice(0, 4)).toEqual(order.slice(0, 4));
    expect(rig.transport.queries).toBe(0);
    expect(rig.events.at(-1)).toMatchObject({ type: 'chunk-read', id, relay: fourth });
  });

  it('whoever answers a broadcast, when the placement order has nothing', async () => {
    await using rig = await rigWithPeers(3);
    const { peers } = rig;
    const { id, bytes } = sampleChunk();
    for (const peer of peers) rig.transport.gets.set(peer, notFound);
    const stranger = fakeRelay().id;
    rig.transport.answering.push(stranger);
    rig.transport.gets.set(stranger, () => Promise.resolve(bytes));
    expect(await bytesOf(await rig.reader.get(anywhere(id), never))).toEqual(bytes);
    expect(await rig.reader.sizeOf(anywhere(id), never)).toBe(bytes.length);
  });
});

describe('a slow or failing holder', () => {
  it('is overtaken by the next one after the hedge delay, and let go of', async () => {
    await using rig = await rigWithPeers(2);
    const { peers } = rig;
    const { id, bytes } = sampleChunk();
    const [slow, quick] = ordered(id, peers) as [RelayId, RelayId];
    let released = false;
    rig.transport.gets.set(slow, (_id, signal) => {
      signal.addEventListener('abort', () => (released = true));
      return hangs(signal);
    });
    rig.transport.gets.set(quick, () => Promise.resolve(bytes));
    const found = rig.reader.get(anywhere(id), never);
    while (rig.clock.sleeping === 0) await turn();
    expect(rig.transport.asked).toEqual([slow]);
    rig.clock.advance(10_000);
    expect(await bytesOf(await found)).toEqual(bytes);
    expect(rig.transport.asked).toEqual([slow, quick]);
    expect(released).toBe(true);
    expect(rig.clock.sleeping).toBe(0);
  });

  it('ends with the client', async () => {
    await using rig = await rigWithPeers(1);
    const { peers } = rig;
    const { id } = sampleChunk();
    for (const peer of peers) rig.transport.gets.set(peer, (_id, signal) => hangs(signal));
    const client = new AbortController();
    const found = rig.reader.get(anywhere(id), client.signal);
    while (rig.clock.sleeping === 0) await turn();
    client.abort();
    await expect(found).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('unknown ids', () => {
  it('cost one lookup, until the memory of it ends or the chunk comes', async () => {
    await using rig = await rigWithPeers(4);
    const { peers } = rig;
    const { id, bytes } = sampleChunk();
    for (const peer of peers) rig.transport.gets.set(peer, notFound);
    const ask = (): Promise<unknown> =>
      expect(rig.reader.get(anywhere(id), never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await ask();
    expect(rig.transport.asked).toHaveLength(4);
    await ask();
    expect(rig.transport.asked).toHaveLength(4);
    rig.clock.advance(NEGATIVE_CACHE_TTL_MS + 1);
    await ask();
    expect(rig.transport.asked).toHaveLength(8);
    await rig.local.store(id, bytes, NONCE);
    expect(await bytesOf(await rig.reader.get(anywhere(id), never))).toEqual(bytes);
  });

  it('are not taken for unknown when a relay could not be asked', async () => {
    await using rig = await rigWithPeers(2);
    const { peers } = rig;
    const { id, bytes } = sampleChunk();
    await expect(rig.reader.get(anywhere(id), never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    for (const peer of peers) rig.transport.gets.set(peer, () => Promise.resolve(bytes));
    expect(await bytesOf(await rig.reader.get(anywhere(id), never))).toEqual(bytes);
  });
});

it('proxies a bounded number of chunks at once', async () => {
  const peer = fakeRelay().id;
  await using rig = await relayRig({ peers: [peer], limits: { maxConcurrentProxiedGets: 1 } });
  const client = new AbortController();
  rig.transport.gets.set(peer, (_id, signal) => hangs(signal));
  const request = { id: sampleChunk().id, localOnly: false, holder: peer };
  const first = rig.reader.get(request, client.signal);
  await expect(rig.reader.get(request, never)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  client.abort();
  await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
  rig.transport.gets.set(peer, () => Promise.resolve(new Uint8Array(1)));
  expect((await rig.reader.get(request, never)).sizeBytes).toBe(1);
});
