import { describe, expect, it } from 'vitest';
import { GATE_SHARE_OF_CLIENT, MAX_CONCURRENT_INVENTORIES } from '../../../../shared/limits.ts';
import { HEADER, PeersPage, Status } from '../../../../shared/protocol/routes.ts';
import { parseJsonWith } from '../../../../shared/protocol/schemas.ts';
import { until } from '../../../helpers/until.ts';
import { sampleChunk } from '../fixtures.ts';
import { FakeCare } from '../fake-care.ts';
import { relayRig } from '../relay-rig.ts';
import { fakeRelay } from '../services/fake-swarm.ts';

describe('GET /status', () => {
  it('tells what the relay is and has', async () => {
    await using rig = await relayRig({ capacityBytes: 1_000_000, peers: [fakeRelay().id] });
    const { id, bytes } = sampleChunk();
    await rig.store.put(id, [bytes], bytes.length);
    const answer = await rig.server.inject({ url: '/status' });
    expect(parseJsonWith(Status, answer.body, 'The status')).toEqual({
      id: rig.id,
      api: 'lanvault/1',
      version: '1.2.3',
      ready: true,
      uptime_seconds: 1.5,
      capacity: 1_000_000,
      used: 4000,
      chunks: 1,
      peers: 2,
      links: 3,
    });
    expect(answer.headers['cache-control']).toBe('no-store');
  });
});

describe('GET /peers', () => {
  it('lists every relay once over pages, itself included, under the address it was reached at', async () => {
    const peers = Array.from({ length: 10 }, () => fakeRelay().id);
    await using rig = await relayRig({ peers });
    await rig.server.listen({ host: '127.0.0.1', port: 0 });
    const seen: string[] = [];
    let cursor = '';
    for (;;) {
      const answer = await fetch(`${rig.server.listeningOrigin}/peers?limit=4${cursor}`);
      const page = parseJsonWith(PeersPage, await answer.text(), 'The page');
      expect(page.peers.length).toBeLessThanOrEqual(4);
      seen.push(...page.peers.map(({ id }) => id));
      expect(page.peers.find(({ id }) => id === rig.id)?.host ?? '127.0.0.1').toBe('127.0.0.1');
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(seen).toEqual([rig.id as string, ...peers].sort());
  });
});

it('says which of its peers it caught claiming what they lack', async () => {
  const [honest, liar] = [fakeRelay().id, fakeRelay().id];
  const care = new FakeCare();
  care.liars = [liar];
  await using rig = await relayRig({ peers: [honest, liar], care });
  const { body } = await rig.server.inject('/peers');
  const { peers } = parseJsonWith(PeersPage, body, 'The page');
  expect(peers.filter(({ distrusted }) => distrusted === true).map(({ id }) => id)).toEqual([liar]);
});

it('reads a bounded number of inventories out at once, and leaves places for others', async () => {
  const asked: (() => void)[] = [];
  const held = { call: () => new Promise<never>((_, reject) => asked.push(() => reject(new Error()))) };
  const other = fakeRelay().id;
  await using rig = await relayRig({ peers: [other], rpc: held });
  const codes: number[] = [];
  const read = async (remoteAddress: string): Promise<void> => {
    const headers = { [HEADER.holder]: other };
    codes.push((await rig.server.inject({ url: '/chunks', headers, remoteAddress })).statusCode);
  };
  const share = MAX_CONCURRENT_INVENTORIES * GATE_SHARE_OF_CLIENT;
  const waiting = Array.from({ length: share }, () => read('192.168.1.9'));
  await until(() => asked.length === share, 'all have their places');
  await read('192.168.1.9');
  expect(codes).toEqual([429]);
  waiting.push(read('192.168.1.10'));
  await until(() => asked.length === share + 1, 'somebody else has one');
  for (const end of asked) end();
  await Promise.all(waiting);
  const after = await rig.server.inject({ url: '/chunks', remoteAddress: '192.168.1.9' });
  expect(after.statusCode).toBe(200);
});

describe('unknown routes', () => {
  it.each([
    ['GET', '/nothing'],
    ['GET', '/nothing/at/all?x=1'],
    ['POST', '/status'],
    ['DELETE', '/status'],
    ['PATCH', '/'],
    ['OPTIONS', '/peers'],
  ] as const)('%s %s is 404 in our own words', async (method, url) => {
    await using rig = await relayRig();
    const answer = await rig.server.inject({ method, url });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });
});
