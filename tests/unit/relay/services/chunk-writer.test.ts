import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../../../shared/ids.ts';
import { MAX_CHUNK_BYTES } from '../../../../shared/limits.ts';
import type { Receipt } from '../../../../shared/protocol/receipt.ts';
import { NONCE, sampleChunk } from '../fixtures.ts';
import { relayRig } from '../relay-rig.ts';
import { fakeRelay, hangs, signedReceipt } from './fake-swarm.ts';
import type { FakeRelay } from './fake-swarm.ts';

const never = new AbortController().signal;

async function* arriving(bytes: Uint8Array, pieceBytes = 999): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    await Promise.resolve();
    yield bytes.subarray(at, at + pieceBytes);
  }
}

function putRequest(chunk: { id: ChunkId; bytes: Uint8Array }, replicateTo: readonly RelayId[] | null) {
  const { id, bytes } = chunk;
  return { id, body: arriving(bytes), sizeHintBytes: bytes.length, nonceHex: NONCE, replicateTo };
}

/** By node:crypto over bytes put together here, so that the receipt's layout is checked too. */
function isGenuine(receipt: Receipt): boolean {
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(receipt.size));
  const hex = (text: string): Buffer => Buffer.from(text, 'hex');
  const label = Buffer.from('lanvault/1 receipt\0');
  const message = Buffer.concat([label, hex(receipt.relay), hex(receipt.chunk), size, hex(receipt.nonce)]);
  const spki = Buffer.concat([hex('302a300506032b6570032100'), hex(receipt.public_key)]);
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return verify(null, message, key, hex(receipt.signature));
}

describe('without named relays', () => {
  it('stores here and signs for it', async () => {
    await using rig = await relayRig();
    const chunk = sampleChunk();
    const { receipts, failed } = await rig.writer.put(putRequest(chunk, null), never);
    expect(failed).toEqual([]);
    expect(receipts).toHaveLength(1);
    const [receipt] = receipts as [Receipt];
    expect(receipt).toMatchObject({ relay: rig.id, chunk: chunk.id, size: chunk.bytes.length, nonce: NONCE });
    expect(isGenuine(receipt)).toBe(true);
    expect(isGenuine({ ...receipt, size: receipt.size + 1 })).toBe(false);
    expect(rig.events).toMatchObject([{ type: 'chunk-stored', id: chunk.id, relay: rig.id }]);
  });

  it('fails as the storage does', async () => {
    await using rig = await relayRig({ capacityBytes: 0 });
    await expect(rig.writer.put(putRequest(sampleChunk(), null), never)).rejects.toMatchObject({
      code: 'NO_SPACE',
    });
  });
});

describe('with named relays', () => {
  it('is found right afterwards, though nobody had it a moment ago', async () => {
    const holder = fakeRelay();
    await using rig = await relayRig({ peers: [holder.id] });
    const chunk = sampleChunk();
    const anywhere = { id: chunk.id, localOnly: false, holder: null };
    rig.transport.gets.set(holder.id, () => Promise.reject(new AppError('NOT_FOUND', 'no')));
    await expect(rig.reader.get(anywhere, never)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    rig.transport.puts.set(holder.id, (id, bytes, nonce) =>
      Promise.resolve(signedReceipt(holder, id, bytes.length, nonce)),
    );
    rig.transport.gets.set(holder.id, () => Promise.resolve(chunk.bytes));
    const { receipts } = await rig.writer.put(putRequest(chunk, [holder.id]), never);
    expect(receipts).toHaveLength(1);
    expect(await rig.reader.sizeOf(anywhere, never)).toBe(chunk.bytes.length);
  });

  function accepting(relay: FakeRelay, seen: Uint8Array[] = []) {
    return (id: ChunkId, chunk: Uint8Array, nonceHex: string): Promise<Receipt> => {
      seen.push(chunk.slice());
      return Promise.resolve(signedReceipt(relay, id, chunk.length, nonceHex));
    };
  }

  it('sends the same bytes to each and keeps no copy when it is not named', async () => {
    await using rig = await relayRig();
    const relays = [fakeRelay(), fakeRelay(), fakeRelay()];
    const seen: Uint8Array[] = [];
    for (const relay of relays) rig.transport.puts.set(relay.id, accepting(relay, seen));
    const chunk = sampleChunk(30_000);
    const ids = relays.map(({ id }) => id);
    const answer = await rig.writer.put(putRequest(chunk, [...ids, ...ids]), never);
    expect(answer.failed).toEqual([]);
    expect(answer.receipts.map(({ relay }) => relay)).toEqual(ids);
    expect(answer.receipts.every(isGenuine)).toBe(true);
    expect(seen).toEqual([chunk.bytes, chunk.bytes, chunk.bytes]);
    expect(rig.store.has(chunk.id)).toBe(false);
    expect(rig.store.usage.chunks).toBe(0);
    expect(rig.events.map(({ type }) => type)).toEqual(['chunk-stored', 'chunk-stored', 'chunk-stored']);
  });

  it('stores here as well when it is named', async () => {
    await using rig = await relayRig();
    const relay = fakeRelay();
    rig.transport.puts.set(relay.id, accepting(relay));
    const chunk = sampleChunk();
    const answer = await rig.writer.put(putRequest(chunk, [relay.id, rig.id]), never);
    expect(answer.receipts.map((receipt) => receipt.relay)).toEqual([relay.id, rig.id]);
    expect(await rig.store.read(chunk.id)).toEqual(chunk.bytes);
  });

  it('tells what each failed with, itself included', async () => {
    await using rig = await relayRig({ capacityBytes: 0 });
    const [full, absent] = [fakeRelay(), fakeRelay()];
    rig.transport.puts.set(full.id, () => Promise.reject(new AppError('NO_SPACE', 'full')));
    const answer = await rig.writer.put(putRequest(sampleChunk(), [full.id, absent.id, rig.id]), never);
    expect(answer).toEqual({
      receipts: [],
      failed: [
        { relay: full.id, code: 'NO_SPACE' },
        { relay: absent.id, code: 'UNAVAILABLE' },
        { relay: rig.id, code: 'NO_SPACE' },
      ],
    });
  });

  it('passes on no receipt that does not verify', async () => {
    await using rig = await relayRig();
    const other = fakeRelay();
    const wrong: ((relay: FakeRelay, good: Receipt) => unknown)[] = [
      (_, good) => ({
        ...good,
        signature: good.signature.replace(/^../, (byte) => (byte === '00' ? '01' : '00')),
      }),
      (_, good) => ({ ...good, size: good.size + 1 }),
      (relay, good) => signedReceipt(relay, good.chunk, good.size + 1, NONCE),
      (relay, good) => signedReceipt(relay, sampleChunk().id, good.size, NONCE),
      (relay, good) => signedReceipt(relay, good.chunk, good.size, 'ff'.repeat(16)),
      (_, good) => signedReceipt(other, good.chunk, good.size, NONCE),
      (_, good) => ({ ...good, public_key: other.publicKey.toString('hex') }),
      (relay, good) => ({ ...signedReceipt(other, good.chunk, good.size, NONCE), relay: relay.id }),
      () => null,
      () => ({}),
    ];
    const relays = wrong.map((make) => {
      const relay = fakeRelay();
      rig.transport.puts.set(relay.id, (id, chunk, nonce) =>
        Promise.resolve(make(relay, signedReceipt(relay, id, chunk.length, nonce)) as Receipt),
      );
      return relay.id;
    });
    const answer = await rig.writer.put(putRequest(sampleChunk(), relays), never);
    expect(answer.receipts).toEqual([]);
    expect(answer.failed.map(({ relay }) => relay)).toEqual(relays);
  });

  it('forwards nothing of a body that is not the chunk', async () => {
    await using rig = await relayRig();
    const relay = fakeRelay();
    const seen: Uint8Array[] = [];
    rig.transport.puts.set(relay.id, accepting(relay, seen));
    const request = { ...putRequest(sampleChunk(), [relay.id]), id: sampleChunk().id };
    await expect(rig.writer.put(request, never)).rejects.toMatchObject({ code: 'HASH_MISMATCH' });
    const large = { id: sampleChunk().id, bytes: new Uint8Array(MAX_CHUNK_BYTES + 1) };
    await expect(rig.writer.put(putRequest(large, [relay.id]), never)).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
    const unhinted = {
      ...putRequest(large, [relay.id]),
      body: arriving(large.bytes, 65_536),
      sizeHintBytes: undefined,
    };
    await expect(rig.writer.put(unhinted, never)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(seen).toEqual([]);
  });

  it('gives up forwarding when the client goes away', async () => {
    await using rig = await relayRig();
    const relay = fakeRelay();
    const client = new AbortController();
    rig.transport.puts.set(relay.id, (_id, _chunk, _nonce, signal) => {
      queueMicrotask(() => client.abort());
      return hangs(signal);
    });
    const answer = await rig.writer.put(putRequest(sampleChunk(), [relay.id]), client.signal);
    expect(answer.failed).toEqual([{ relay: relay.id, code: 'ABORTED' }]);
  });
});

it('takes in a bounded number of bodies at once', async () => {
  await using rig = await relayRig({ limits: { maxConcurrentPuts: 2 } });
  const open = Promise.withResolvers<undefined>();
  const waiting = (chunk: ReturnType<typeof sampleChunk>) => ({
    ...putRequest(chunk, null),
    body: (async function* () {
      await open.promise;
      yield chunk.bytes;
    })(),
  });
  const first = [sampleChunk(), sampleChunk()].map((chunk) => rig.writer.put(waiting(chunk), never));
  await expect(rig.writer.put(putRequest(sampleChunk(), null), never)).rejects.toMatchObject({
    code: 'RATE_LIMITED',
  });
  open.resolve(undefined);
  await Promise.all(first);
  expect((await rig.writer.put(putRequest(sampleChunk(), null), never)).receipts).toHaveLength(1);
});
