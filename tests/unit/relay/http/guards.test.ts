import { describe, expect, it } from 'vitest';
import { ClientLimits } from '../../../../relay/http/client-limits.ts';
import { guardHost } from '../../../../relay/http/host-guard.ts';
import { NONCE, sampleChunk } from '../fixtures.ts';
import { relayRig } from '../relay-rig.ts';

const forbidden = expect.objectContaining({ code: 'FORBIDDEN' }) as Error;
const limited = expect.objectContaining({ code: 'RATE_LIMITED' }) as Error;

describe('the host guard', () => {
  const get = (host: string | undefined) => ({ method: 'GET', host, origin: undefined, upgrade: false });

  it.each([
    'localhost',
    'localhost:8888',
    'LOCALHOST:80',
    '127.0.0.1:8000',
    '192.168.1.20',
    '[::1]:8000',
    '[fe80::1]',
    'nas.local',
    'nas.local.:8000',
    'box.lan:8000',
  ])('answers to %s', (host) => {
    expect(() => guardHost(get(host), ['box.lan'])).not.toThrow();
  });

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8000',
    'localhost.evil.example',
    'local',
    'evillocal',
    'box.lan.evil.example',
    '127.0.0.1.evil.example',
    '127.1',
    '[evil]',
    '[127.0.0.1]',
    'a@127.0.0.1',
    '127.0.0.1:8000:9',
    '127.0.0.1/x',
  ])('does not answer to %s', (host) => {
    expect(() => guardHost(get(host), ['box.lan'])).toThrow(forbidden);
  });

  const write = (origin: string | undefined, host = '192.168.1.20:8000') => ({
    ...{ method: 'PUT', host, origin, upgrade: false },
  });

  it('takes writes from its own origin and from no page at all', () => {
    expect(() => guardHost(write(undefined), [])).not.toThrow();
    expect(() => guardHost(write('http://192.168.1.20:8000'), [])).not.toThrow();
    expect(() => guardHost(write('http://localhost', 'localhost:80'), [])).not.toThrow();
    expect(() => guardHost(write('https://nas.local', 'nas.local'), [])).not.toThrow();
  });

  it.each([
    'http://evil.example',
    'http://192.168.1.20',
    'http://192.168.1.20:8001',
    'http://192.168.1.20:8000.evil.example',
    'null',
    '',
    'file://',
    'chrome-extension://abc',
  ])('takes no writes from %j', (origin) => {
    expect(() => guardHost(write(origin), [])).toThrow(forbidden);
  });

  it('takes no WebSocket from another origin either', () => {
    const handshake = { ...write('http://evil.example'), method: 'GET', upgrade: true };
    expect(() => guardHost(handshake, [])).toThrow(forbidden);
    expect(() => guardHost({ ...handshake, origin: 'http://192.168.1.20:8000' }, [])).not.toThrow();
  });
});

describe('what a page of another origin embeds', () => {
  const embed = (fetchSite: string | undefined, fetchDest: string | undefined) => () =>
    guardHost(
      { method: 'GET', host: 'localhost:8888', origin: undefined, upgrade: false, fetchSite, fetchDest },
      [],
    );

  it.each(['image', 'script', 'style', 'iframe', 'embed', 'object', 'video', 'empty', 'worker', undefined])(
    'is refused as %s',
    (dest) => {
      expect(embed('cross-site', dest)).toThrow(forbidden);
      // Ports of one host are one site, and not one origin.
      expect(embed('same-site', dest)).toThrow(forbidden);
    },
  );

  it('is not what its own pages embed, what a link leads to, and what tells nothing', () => {
    expect(embed('same-origin', 'image')).not.toThrow();
    expect(embed('none', 'document')).not.toThrow();
    expect(embed('cross-site', 'document')).not.toThrow();
    expect(embed(undefined, undefined)).not.toThrow();
  });
});

describe('the limits of a client', () => {
  function limits(maxRequestsPerClient = 1000) {
    let now = 0;
    const clients = new ClientLimits({
      now: () => now,
      requestsPerSecondRemote: 10,
      requestsPerSecondLoopback: 100,
      maxRequestsPerClient,
    });
    const enterMany = (address: string, count: number): number => {
      for (let entered = 0; entered < count; entered++) {
        try {
          clients.enter(address)();
        } catch {
          return entered;
        }
      }
      return count;
    };
    return { clients, enterMany, pass: (ms: number) => (now += ms) };
  }

  it('let a second’s worth through at once, and refill at the rate', () => {
    const { enterMany, pass } = limits();
    expect(enterMany('192.0.2.1', 50)).toBe(10);
    expect(enterMany('192.0.2.1', 50)).toBe(0);
    pass(500);
    expect(enterMany('192.0.2.1', 50)).toBe(5);
    pass(60_000);
    expect(enterMany('192.0.2.1', 50)).toBe(10);
  });

  it('are each client’s own, and wider on loopback', () => {
    const { enterMany } = limits();
    expect(enterMany('192.0.2.1', 50)).toBe(10);
    expect(enterMany('192.0.2.2', 50)).toBe(10);
    expect(enterMany('127.0.0.1', 500)).toBe(100);
    expect(enterMany('::1', 500)).toBe(100);
  });

  it('see one client behind the addresses of one IPv6 network, and behind a mapped IPv4 address', () => {
    const { enterMany } = limits();
    expect(enterMany('2001:db8:0:1::1', 6)).toBe(6);
    expect(enterMany('2001:db8:0:1:ffff::9', 50)).toBe(4);
    expect(enterMany('2001:db8:0:2::1', 50)).toBe(10);
    expect(enterMany('192.0.2.1', 6)).toBe(6);
    expect(enterMany('::ffff:192.0.2.1', 50)).toBe(4);
  });

  it('bound what is under way at once', () => {
    const { clients } = limits(2);
    const leave = clients.enter('192.0.2.1');
    clients.enter('192.0.2.1');
    expect(() => clients.enter('192.0.2.1')).toThrow(limited);
    leave();
    leave();
    clients.enter('192.0.2.1');
    expect(() => clients.enter('192.0.2.1')).toThrow(limited);
  });

  it('forget quiet clients before their number grows without bound', () => {
    const { clients, enterMany } = limits();
    expect(enterMany('192.0.2.1', 50)).toBe(10);
    for (let i = 0; i < 10_000; i++) clients.enter(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)();
    expect(enterMany('192.0.2.1', 50)).toBe(10);
  });
});

describe('over HTTP', () => {
  it('refuses a foreign host, a foreign page, and too many requests, the unknown ones included', async () => {
    await using rig = await relayRig({ limits: { requestsPerSecondLoopback: 6 } });
    const foreign = await rig.server.inject({ url: '/status', headers: { host: 'evil.example' } });
    expect(foreign.statusCode).toBe(403);
    expect(foreign.json()).toMatchObject({ error: { code: 'FORBIDDEN' } });
    const embedded = await rig.server.inject({
      url: '/status',
      headers: { 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'image' },
    });
    expect(embedded.statusCode).toBe(403);
    const { id, bytes } = sampleChunk();
    const put = await rig.server.inject({
      method: 'PUT',
      url: `/chunk/${id}`,
      headers: {
        'content-type': 'application/octet-stream',
        'x-client-nonce': NONCE,
        origin: 'http://evil.example',
      },
      payload: Buffer.from(bytes),
    });
    expect(put.statusCode).toBe(403);
    expect(rig.store.has(id)).toBe(false);
    for (const url of ['/nothing', '/nothing', '/']) await rig.server.inject({ url });
    for (const url of ['/status', '/nothing', '/chunk/x']) {
      const answer = await rig.server.inject({ url });
      expect(answer.statusCode).toBe(429);
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.json()).toMatchObject({ error: { code: 'RATE_LIMITED' } });
    }
    rig.clock.advance(1000);
    expect((await rig.server.inject({ url: '/status' })).statusCode).toBe(200);
  });
});
