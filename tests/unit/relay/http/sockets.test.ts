import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SLOW_BODY_AFTER_MS } from '../../../../shared/limits.ts';
import { NONCE, sampleChunk } from '../fixtures.ts';
import { relayRig } from '../relay-rig.ts';
import type { RelayRig, RigOptions } from '../relay-rig.ts';
import { fakeRelay, hangs } from '../services/fake-swarm.ts';
import { RawClient, rawRequest } from './raw-client.ts';

async function listening(options: RigOptions = {}): Promise<RelayRig> {
  const rig = await relayRig(options);
  await rig.server.listen({ host: '127.0.0.1', port: 0 });
  return rig;
}

function putHead(id: string, extra: string): string {
  const head = [`PUT /chunk/${id} HTTP/1.1`, 'Host: 127.0.0.1', 'Content-Type: application/octet-stream'];
  return [...head, `X-Client-Nonce: ${NONCE}`, extra, '', ''].join('\r\n');
}

async function settled(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await turn();
}

describe('targets as they come over the wire', () => {
  const good = 'ab'.repeat(32);

  it.each([
    '/chunk/../identity.key',
    '/chunk/../../../../etc/passwd',
    '/chunk/..%2f..%2f..%2fetc%2fpasswd',
    '/chunk//etc/passwd',
    '/chunk/./',
    '/../identity.key',
    '/..%2fidentity.key',
    '/%2e%2e/%2e%2e/identity.key',
    '/..\\..\\identity.key',
    '//identity.key',
    '/assets/../../identity.key',
    '/openapi/static/../../../../package.json',
    '/openapi/static/..%2f..%2f..%2fpackage.json',
    `/chunk/${good}%2f..%2f..%2fidentity.key`,
    `/chunk/${good.toUpperCase()}`,
    'http://evil.example/status',
    '*',
  ])('%s finds nothing, and breaks nothing', async (target) => {
    await using rig = await listening({ webDir: path.resolve(import.meta.dirname) });
    const answer = await rawRequest(rig.server, 'GET', target);
    expect(answer).toMatch(/^HTTP\/1\.1 (400|403|404) /);
    expect(answer).toMatch(/"error":\{"code":"(BAD_INPUT|NOT_FOUND|FORBIDDEN)"/);
    expect(await rawRequest(rig.server, 'GET', '/status')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it.each([
    ['nonsense', 'HELLO\r\n\r\n'],
    ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01'],
    ['no host', 'GET /status HTTP/1.1\r\n\r\n'],
    ['a header too long', `GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`],
    ['two lengths', 'PUT /x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    [
      'a smuggled length',
      'PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
  ])('%s is refused and the connection closed', async (_, bytes) => {
    await using rig = await listening();
    using client = await RawClient.connect(rig.server);
    client.send(bytes);
    const answer = await client.closed;
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(answer).not.toMatch(/\.ts|\.js|node_modules/);
  });
});

it('an expectation that nobody has heard of is passed over: the guards and limits of every request hold', async () => {
  await using rig = await listening();
  const headers = 'Expect: the unexpected\r\n';
  expect(await rawRequest(rig.server, 'GET', '/status', headers)).toMatch(/^HTTP\/1\.1 200 /);
  const refused = await rawRequest(rig.server, 'GET', '/nothing/here', headers);
  expect(refused).toMatch(/^HTTP\/1\.1 404 [^]*"code":"NOT_FOUND"/);
});

describe('slow clients', () => {
  const QUICK = { headersTimeoutMs: 60, bodyTimeoutMs: 5_000, bodyIdleTimeoutMs: 60, connectionsCheckMs: 20 };

  it.each([
    ['says nothing', ''],
    ['never ends its headers', 'GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow:'],
  ])('one that %s is cut off', async (_, bytes) => {
    await using rig = await listening({ limits: QUICK });
    using client = await RawClient.connect(rig.server);
    if (bytes !== '') client.send(bytes);
    expect(await client.closed).toMatch(/^HTTP\/1\.1 408 [^]*"code":"TIMEOUT"/);
  });

  it.each([
    ['', 'local'],
    [`X-Replicate-To: ${'ab'.repeat(32)}\r\n`, 'fanned out'],
  ])('one whose body stands still is cut off and leaves nothing (%s%s)', async (header) => {
    await using rig = await listening({ limits: QUICK });
    using client = await RawClient.connect(rig.server);
    client.send(putHead(sampleChunk().id, `${header}Content-Length: 4000`));
    client.send('x'.repeat(500));
    const answer = await client.closed;
    expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*"code":"TIMEOUT"/);
    await settled(async () => (await readdir(path.join(rig.dir, 'tmp'))).length === 0);
    expect(rig.store.usage.chunks).toBe(0);
  });

  it.each([
    ['', 'local'],
    [`X-Replicate-To: ${'ab'.repeat(32)}\r\n`, 'fanned out'],
  ])('those that hold every place give way to who comes next (%s%s)', async (header) => {
    await using rig = await listening({ limits: { maxConcurrentPuts: 2 } });
    const put = async (): Promise<number> => {
      const { id, bytes } = sampleChunk();
      const headers = { 'content-type': 'application/octet-stream', 'x-client-nonce': NONCE };
      const url = `/chunk/${id}`;
      return (await rig.server.inject({ method: 'PUT', url, headers, payload: Buffer.from(bytes) }))
        .statusCode;
    };
    using one = await RawClient.connect(rig.server);
    using other = await RawClient.connect(rig.server);
    for (const client of [one, other]) {
      client.send(putHead(sampleChunk().id, `${header}Expect: 100-continue\r\nContent-Length: 4000`));
      await client.receives('100 Continue');
    }
    expect(await put()).toBe(429);
    rig.clock.advance(SLOW_BODY_AFTER_MS - 1);
    expect(await put()).toBe(429);
    rig.clock.advance(1);
    expect(await put()).toBe(200);
    expect(await Promise.race([one.closed, other.closed])).toMatch(/HTTP\/1\.1 408 [^]*"code":"TIMEOUT"/);
  });

  it('one whose body trickles is cut off in the end', async () => {
    await using rig = await listening({ limits: { ...QUICK, bodyTimeoutMs: 200, bodyIdleTimeoutMs: 5_000 } });
    using client = await RawClient.connect(rig.server);
    client.send(putHead(sampleChunk().id, 'Content-Length: 100000'));
    const trickle = setInterval(() => client.send('x'), 10);
    await client.closed;
    clearInterval(trickle);
    await settled(async () => (await readdir(path.join(rig.dir, 'tmp'))).length === 0);
  });
});

describe('clients that go away', () => {
  it('in the middle of a body: nothing stays, and the place is free again', async () => {
    await using rig = await listening({ limits: { maxConcurrentPuts: 1 } });
    const chunk = sampleChunk();
    const client = await RawClient.connect(rig.server);
    client.send(putHead(chunk.id, 'Content-Length: 4000'));
    client.send(chunk.bytes.subarray(0, 2000));
    await settled(async () => (await readdir(path.join(rig.dir, 'tmp'))).length === 1);
    client.reset();
    await settled(async () => (await readdir(path.join(rig.dir, 'tmp'))).length === 0);
    expect(rig.store.has(chunk.id)).toBe(false);
    using again = await RawClient.connect(rig.server);
    again.send(putHead(chunk.id, 'Content-Length: 4000'));
    again.send(chunk.bytes);
    await again.receives('"receipts":[{');
  });

  it('while their chunk is forwarded: the forwards are aborted', async () => {
    const relay = fakeRelay().id;
    await using rig = await listening();
    const begun = Promise.withResolvers<AbortSignal>();
    rig.transport.puts.set(relay, (_id, _chunk, _nonce, signal) => {
      begun.resolve(signal);
      return hangs(signal);
    });
    const { id, bytes } = sampleChunk();
    const client = await RawClient.connect(rig.server);
    client.send(putHead(id, `X-Replicate-To: ${relay}\r\nContent-Length: 4000`));
    client.send(bytes);
    const signal = await begun.promise;
    client.reset();
    if (!signal.aborted) await once(signal, 'abort');
    expect(signal.aborted).toBe(true);
  });
});

describe('bodies', () => {
  it('are taken chunked, without a length, and refused while they stream when too large', async () => {
    await using rig = await listening();
    const { id, bytes } = sampleChunk();
    using client = await RawClient.connect(rig.server);
    client.send(putHead(id, 'Transfer-Encoding: chunked'));
    client.send('7d0\r\n');
    client.send(bytes.subarray(0, 2000));
    client.send('\r\n7d0\r\n');
    client.send(bytes.subarray(2000));
    client.send('\r\n0\r\n\r\n');
    await client.receives('"receipts":[{');
    expect(
      new Uint8Array(await readFile(path.join(rig.dir, 'chunks', id.slice(0, 2), id.slice(2, 4), id))),
    ).toEqual(bytes);

    using endless = await RawClient.connect(rig.server);
    endless.send(
      putHead(
        id.replace(/./, (digit) => (digit === '0' ? '1' : '0')),
        'Transfer-Encoding: chunked',
      ),
    );
    const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    for (let i = 0; i < 20; i++) endless.send(piece);
    await endless.receives('"code":"TOO_LARGE"');
    expect(await readdir(path.join(rig.dir, 'tmp'))).toEqual([]);
  });

  it('that lie about a huge length are refused before they are sent', async () => {
    await using rig = await listening();
    using client = await RawClient.connect(rig.server);
    client.send(putHead(sampleChunk().id, 'Content-Length: 99999999999'));
    await client.receives('"code":"TOO_LARGE"');
  });
});
