import { describe, expect, it } from 'vitest';
import { HEADER } from '../../../../shared/protocol/routes.ts';
import { until } from '../../../helpers/until.ts';
import { ownedChunk } from '../deletion-fixtures.ts';
import { NONCE } from '../fixtures.ts';
import { relayId } from '../gossip/memory-set.ts';
import { relayRig } from '../relay-rig.ts';
import type { RelayRig } from '../relay-rig.ts';

async function status(rig: RelayRig, method: 'GET' | 'HEAD', id: string, headers = {}): Promise<number> {
  return (await rig.server.inject({ method, url: `/chunk/${id}`, headers })).statusCode;
}

describe('a relay that has just started with chunks', () => {
  it('takes chunks, gives out none of its own, and says so', async () => {
    await using rig = await relayRig({ startsClosed: true });
    const chunk = ownedChunk();
    const put = await rig.server.inject({
      method: 'PUT',
      url: `/chunk/${chunk.id}`,
      headers: { 'content-type': 'application/octet-stream', [HEADER.nonce]: NONCE },
      payload: Buffer.from(chunk.bytes),
    });
    expect(put.statusCode).toBe(200);
    const ready = async (): Promise<unknown> =>
      (await rig.server.inject({ url: '/status' })).json<{ ready: boolean }>().ready;
    expect(await ready()).toBe(false);
    for (const method of ['GET', 'HEAD'] as const) {
      expect(await status(rig, method, chunk.id)).toBe(503);
      expect(await status(rig, method, chunk.id, { [HEADER.localOnly]: '1' })).toBe(503);
      expect(await status(rig, method, ownedChunk().id, { [HEADER.localOnly]: '1' })).toBe(404);
    }
    rig.gate.open();
    expect(await ready()).toBe(true);
    expect(await status(rig, 'GET', chunk.id)).toBe(200);
  });

  it('still fetches from other holders', async () => {
    const holder = relayId(5);
    await using rig = await relayRig({ startsClosed: true, peers: [holder] });
    const chunk = ownedChunk();
    await rig.store.put(chunk.id, [chunk.bytes]);
    rig.transport.gets.set(holder, () => Promise.resolve(chunk.bytes));
    expect(await status(rig, 'GET', chunk.id)).toBe(200);
    expect(await status(rig, 'GET', chunk.id, { [HEADER.holder]: holder })).toBe(200);
  });
});

describe('DELETE', () => {
  it('needs the token: 400 without, 403 with another, 404 for what nobody knows, 200 and then 410', async () => {
    await using rig = await relayRig();
    const [chunk, unknown] = [ownedChunk(), ownedChunk()];
    await rig.store.put(chunk.id, [chunk.bytes]);
    const remove = async (id: string, headers: Record<string, string>): Promise<number> =>
      (await rig.server.inject({ method: 'DELETE', url: `/chunk/${id}`, headers })).statusCode;
    const { token, body_hash } = chunk.tombstone;
    expect(await remove(chunk.id, {})).toBe(400);
    expect(await remove(chunk.id, { 'x-delete-token': token.toUpperCase() + 'Z' })).toBe(400);
    expect(await remove('zz', { 'x-delete-token': token })).toBe(400);
    expect(await remove(chunk.id, { 'x-delete-token': unknown.tombstone.token })).toBe(403);
    expect(await remove(chunk.id, { 'x-delete-token': token, 'x-body-hash': chunk.id })).toBe(403);
    expect(await remove(unknown.id, { 'x-delete-token': token })).toBe(404);
    const elsewhere = { origin: 'http://elsewhere.example', host: '127.0.0.1', 'x-delete-token': token };
    expect(await remove(chunk.id, elsewhere)).toBe(403);
    expect(await status(rig, 'GET', chunk.id)).toBe(200);

    expect(await remove(chunk.id, { 'x-delete-token': token, 'x-body-hash': body_hash })).toBe(200);
    expect(await status(rig, 'GET', chunk.id)).toBe(410);
    expect(await remove(chunk.id, { 'x-delete-token': token })).toBe(200);
    expect(rig.events.filter(({ type }) => type === 'chunk-deleted')).toHaveLength(1);
  });
});

it('one client leaves places for others, and its own relay’s user has all of them', async () => {
  const silent = { call: () => new Promise<never>(() => undefined) };
  await using rig = await relayRig({ peers: [relayId(5)], rpc: silent });
  const codes: number[] = [];
  let sent = 0;
  const send = async (remoteAddress: string): Promise<void> => {
    const { id, tombstone } = ownedChunk();
    const headers = { 'x-delete-token': tombstone.token, 'x-body-hash': tombstone.body_hash };
    sent++;
    const url = `/chunk/${id}`;
    codes.push((await rig.server.inject({ method: 'DELETE', url, headers, remoteAddress })).statusCode);
  };
  // Each waits for the swarm's answer, and at first for the silent relay's.
  const under = (): boolean => codes.length + rig.clock.sleeping / 2 === sent;
  const greedy = Array.from({ length: 5 }, () => send('192.168.1.9'));
  await until(under, 'each request has its answer, or its place');
  expect(codes).toEqual([429]);
  const others = [...['192.168.1.10', '192.168.2.1'], ...Array.from({ length: 10 }, () => '127.0.0.1')].map(
    send,
  );
  await until(under, 'each request has its answer, or its place');
  expect(codes).toEqual([429]);
  // All sixteen places are taken.
  await send('127.0.0.1');
  expect(codes).toEqual([429, 429]);
  rig.clock.advance(4000);
  await Promise.all([...greedy, ...others]);
  expect(codes.filter((code) => code === 200)).toHaveLength(16);
});
