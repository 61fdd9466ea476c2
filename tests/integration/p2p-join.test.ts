/** `--join` without UDP: who is joined to one learns of all, in both directions, and the dead age out everywhere. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { until } from '../helpers/until.ts';
import type { Identity } from '../../relay/services/ports.ts';
import { parseRelayAddress } from '../../relay/p2p/joins.ts';
import { newSwarmKeyText, parseSwarmKey } from '../../shared/protocol/swarm-key.ts';
import { allKnowAll, freeUdpPort, joinAnswer, makeIdentity, startNode } from './p2p-rig.ts';
import type { RigNode, RigOptions } from './p2p-rig.ts';

let cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  cleanups = [];
});

async function node(options: RigOptions = {}): Promise<RigNode> {
  const started = await startNode(options);
  cleanups.push(() => started[Symbol.asyncDispose]());
  return started;
}

describe('joining without UDP', () => {
  it('in a star: all learn of all, and one that dies is gone everywhere, the others nowhere', async () => {
    const hub = await node();
    const joiners = await Promise.all(Array.from({ length: 7 }, () => node({ join: [hub.url] })));
    const all = [hub, ...joiners];
    await until(() => allKnowAll(all), 'all know all');
    const dead = joiners.pop();
    await dead?.[Symbol.asyncDispose]();
    const left = [hub, ...joiners];
    await until(() => allKnowAll(left), 'the dead one is gone everywhere');
    const wronglyLeft = left.flatMap(({ events }) =>
      events.filter((event) => event.type === 'peer-left' && event.id !== dead?.id),
    );
    expect(wronglyLeft).toEqual([]);
  });

  it('in a chain: a joined b joined c joined d', async () => {
    const a = await node();
    const b = await node({ join: [a.url] });
    const c = await node({ join: [b.url] });
    const d = await node({ join: [c.url] });
    await until(() => allKnowAll([a, b, c, d]), 'all know all');
  });

  it('outlives the relay that was joined', async () => {
    const hub = await node();
    const joiners = await Promise.all(Array.from({ length: 4 }, () => node({ join: [hub.url] })));
    await until(() => allKnowAll([hub, ...joiners]), 'all know all');
    await hub[Symbol.asyncDispose]();
    await until(() => allKnowAll(joiners), 'only the hub is gone');
    expect(
      joiners.flatMap(({ events }) => events.filter((event) => event.type === 'peer-left')),
    ).toHaveLength(4);
    const late = await node({ join: [joiners[0]?.url ?? ''] });
    await until(() => allKnowAll([late, ...joiners]), 'a late one finds them through another');
  });

  it('goes on trying until the relay to join is up', async () => {
    const holder = await node();
    let requests = 0;
    const gateway = createServer((request, response) => {
      requests++;
      response.statusCode = requests < 3 ? 503 : 200;
      response.end(requests < 2 ? 'not json' : joinAnswer(request.url, holder.membership));
    });
    await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => gateway.close());
    const { port } = gateway.address() as AddressInfo;
    const joiner = await node({ join: [`http://127.0.0.1:${String(port)}`] });
    await until(() => allKnowAll([holder, joiner]), 'joined at last');
    expect(requests).toBeGreaterThanOrEqual(3);
  });

  it('by a name that no list bears links to the relay of that name, whatever the order of ids', async () => {
    const ids = Array.from({ length: 3 }, () => makeIdentity()).sort((a, b) => (a.id < b.id ? -1 : 1));
    const [smallest, middle, largest] = ids as [Identity, Identity, Identity];
    const hub = await node({ identity: largest });
    const named = hub.url.replace('127.0.0.1', 'localhost');
    const first = await node({ identity: middle, join: [hub.url] });
    await until(() => allKnowAll([hub, first]), 'two know each other');
    const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const joiner = await node({ identity: smallest, join: [named], log });
    await until(() => allKnowAll([hub, first, joiner]), 'all know all');
    // Known by beats a moment before the join itself has ended.
    await until(() => log.info.mock.calls.some(([, what]) => what === 'joined'), 'joined by name');
    expect(log.debug).toHaveBeenCalledWith({ url: named, relay: hub.id }, 'joined');
    const addresses = joiner.membership.addressesOf(hub.id).map(({ host }) => host);
    expect(addresses).toEqual(['127.0.0.1']);
  });

  it('to itself is no error', async () => {
    const alone = await node();
    const identity = alone.identity;
    const self = await node({ identity, join: [alone.url] });
    const other = await node({ join: [self.url] });
    await until(() => other.membership.size === 2, 'others may join it');
  });

  it('refuses what is no URL', async () => {
    await expect(startNode({ join: ['192.168.1.5:8000'] })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});

describe('adding a relay by its address', () => {
  const never = new AbortController().signal;
  const add = (one: RigNode, address: string) => one.node.joins.add(address, never);

  it('joins two swarms that did not know of each other, and says whether the relay was known', async () => {
    const left = await node();
    const leftToo = await node({ join: [left.url] });
    const right = await node();
    const rightToo = await node({ join: [right.url] });
    const { port } = new URL(right.url);
    expect(await add(left, ` 127.0.0.1:${port} `)).toEqual({
      id: right.id,
      host: '127.0.0.1',
      port: Number(port),
      known: false,
    });
    await until(() => allKnowAll([left, leftToo, right, rightToo]), 'all know all');
    expect(await add(left, right.url)).toMatchObject({ id: right.id, known: true });
    // And it stays joined: one that comes back at the same place is found again.
    const third = await node({ join: [right.url] });
    await until(() => allKnowAll([left, leftToo, right, rightToo, third]), 'news come over the link');
  });

  it('says what is wrong: itself, nobody, something else, another swarm, no address', async () => {
    const here = await node();
    const swarmKey = parseSwarmKey(newSwarmKeyText());
    const behindKey = await node({ swarmKey });
    const web = createServer((_request, response) => response.end('<h1>Hello</h1>'));
    const locked = createServer((_request, response) => response.writeHead(401).end('{}'));
    const open = createServer((_request, response) => response.writeHead(404).end('{}'));
    const ports: number[] = [];
    for (const server of [web, locked, open]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      cleanups.push(() => server.close());
      ports.push((server.address() as AddressInfo).port);
    }
    const [webPort, lockedPort, openPort] = ports;
    await expect(add(here, here.url)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(add(here, '127.0.0.1:1')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/^No relay could be reached at 127.0.0.1:1\b/) as string,
    });
    await expect(add(here, `127.0.0.1:${String(webPort)}`)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/not as a relay does/) as string,
    });
    const otherSwarm = { code: 'FORBIDDEN', message: expect.stringMatching(/another swarm/) as string };
    await expect(add(here, `127.0.0.1:${String(lockedPort)}`)).rejects.toMatchObject(otherSwarm);
    // Its HTTP interface answers here; its links do not let anybody in without the key.
    await expect(add(here, behindKey.url)).rejects.toMatchObject({ name: 'AppError' });
    // A public relay has no sessions.
    await expect(add(behindKey, `127.0.0.1:${String(openPort)}`)).rejects.toMatchObject(otherSwarm);
    expect([here.knows(), behindKey.knows()]).toEqual([[here.id], [behindKey.id]]);
    const abort = new AbortController();
    abort.abort();
    await expect(here.node.joins.add('127.0.0.1:1', abort.signal)).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it.each([
    '',
    ' ',
    '10.0.0.9',
    'nas.local',
    'ftp://10.0.0.9:21',
    'http://me:secret@10.0.0.9:8000',
    'javascript:alert(1)',
    ':8000',
    'a b:80',
    '10.0.0.9:99999',
  ])('%j is no address', (text) =>
    expect(() => parseRelayAddress(text)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' })),
  );

  it.each([
    ['10.0.0.9:8000', 'http://10.0.0.9:8000'],
    ['10.0.0.9:80', 'http://10.0.0.9'],
    ['[fe80::1]:8000', 'http://[fe80::1]:8000'],
    ['nas.local:8000', 'http://nas.local:8000'],
    ['http://nas.local', 'http://nas.local'],
    ['https://nas.local:8443/#/network', 'https://nas.local:8443'],
  ])('%s is %s', (text, origin) => expect(parseRelayAddress(text).origin).toBe(origin));
});

it('a joiner becomes known to the whole LAN of the relay that it joined', async () => {
  const discoveryPort = await freeUdpPort();
  const lan = await Promise.all(Array.from({ length: 3 }, () => node({ discoveryPort })));
  const joiner = await node({ join: [lan[0]?.url ?? ''] });
  await until(() => allKnowAll([...lan, joiner]), 'both sides know each other');
});
