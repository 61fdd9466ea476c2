import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CATALOG_READS_PER_SECOND_REMOTE,
  CATALOG_WRITES_PER_SECOND_REMOTE,
  MAX_CATALOG_BODY_BYTES,
} from '../../../../shared/limits.ts';
import { CatalogPage } from '../../../../shared/protocol/catalog-routes.ts';
import { signRemoval } from '../../../../shared/protocol/records.ts';
import { parseWith } from '../../../../shared/protocol/schemas.ts';
import { CatalogRig, signed, signerOf } from './catalog-rig.ts';

let rig: CatalogRig;
beforeEach(async () => {
  rig = await CatalogRig.start();
});
afterEach(() => rig[Symbol.asyncDispose]());

type Method = 'GET' | 'POST' | 'DELETE';

interface Sent {
  readonly body?: unknown;
  readonly type?: string;
  readonly from?: string;
  readonly origin?: string;
}

async function send(method: Method, url: string, { body, type, from, origin }: Sent = {}) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await rig.server.inject({
    method,
    url,
    remoteAddress: from ?? '192.168.1.7',
    headers: {
      host: 'localhost',
      ...(origin === undefined ? {} : { origin }),
      ...(body === undefined ? {} : { 'content-type': type ?? 'application/json' }),
    },
    ...(body === undefined ? {} : { payload }),
  });
  return { status: answer.statusCode, headers: answer.headers, json: answer.json<Record<string, unknown>>() };
}

const codeOf = ({ json }: { json: Record<string, unknown> }): unknown =>
  (json['error'] as { code: unknown } | undefined)?.code;

describe('the catalog over HTTP', () => {
  it('publishes, lists, searches and unpublishes', async () => {
    const { entry, id, list, signer } = await signed(await signerOf(1), {
      name: '<img src=x onerror=alert(1)>',
    });
    const published = await send('POST', '/catalog', { body: entry });
    expect(published).toMatchObject({ status: 200, json: { id, holders: [] } });
    const listed = await send('GET', '/catalog?q=%3CIMG&limit=5');
    expect(listed.status).toBe(200);
    // Names are text: the answer is JSON and nothing else, whatever a browser makes of its content.
    expect(listed.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    const { entries } = parseWith(CatalogPage, listed.json, 'The page');
    expect(entries).toMatchObject([{ id, ...entry, name: '<img src=x onerror=alert(1)>' }]);
    const removal = await signRemoval(signer, list, id);
    expect(await send('DELETE', `/catalog/${id}`, { body: removal })).toMatchObject({ status: 200 });
    expect((await send('GET', '/catalog')).json['entries']).toEqual([]);
    const again = await send('POST', '/catalog', { body: entry });
    expect([again.status, codeOf(again)]).toEqual([410, 'DELETED']);
  });

  it('answers bad input with an error, never with a fault', async () => {
    const { entry, id, list, signer } = await signed(await signerOf(1));
    const removal = await signRemoval(signer, list, id);
    const attempts: [Method, string, Sent][] = [
      ['POST', '/catalog', {}],
      ['POST', '/catalog', { body: '{' }],
      ['POST', '/catalog', { body: 'null' }],
      ['POST', '/catalog', { body: [] }],
      ['POST', '/catalog', { body: { ...entry, public_key: 'zz' } }],
      ['POST', '/catalog', { body: { ...entry, value: '{}' } }],
      ['POST', '/catalog', { body: { ...entry, value: '' } }],
      ['POST', '/catalog', { body: { ...entry, value: 'A' } }],
      ['DELETE', `/catalog/${id}`, {}],
      ['DELETE', `/catalog/${id}`, { body: entry }],
      ['DELETE', `/catalog/${'0'.repeat(64)}`, { body: removal }],
      ['DELETE', '/catalog/xyz', { body: removal }],
      ['GET', '/catalog?limit=0', {}],
      ['GET', '/catalog?limit=1001', {}],
      ['GET', '/catalog?cursor=zz', {}],
      ['GET', `/catalog?cursor=${'f'.repeat(66)}`, {}],
      ['GET', `/catalog?q=${'a'.repeat(256)}`, {}],
    ];
    for (const [method, url, sent] of attempts) {
      const answer = await send(method, url, { ...sent, from: '127.0.0.1' });
      expect([url, sent, answer.status, codeOf(answer)]).toEqual([url, sent, 400, 'BAD_INPUT']);
    }
    const forged = await send('POST', '/catalog', { body: { ...entry, signature: '0'.repeat(128) } });
    expect([forged.status, codeOf(forged)]).toEqual([403, 'FORBIDDEN']);
    const text = await send('POST', '/catalog', { body: entry, type: 'text/plain' });
    expect(text.status).toBe(400);
    const huge = await send('POST', '/catalog', {
      body: { ...entry, x: 'x'.repeat(MAX_CATALOG_BODY_BYTES) },
    });
    expect([huge.status, codeOf(huge)]).toEqual([413, 'TOO_LARGE']);
    expect(rig.records.lists.size).toBe(0);
  });

  it('takes no publication from another site’s page', async () => {
    const { entry } = await signed(await signerOf(1));
    const answer = await send('POST', '/catalog', { body: entry, origin: 'http://evil.example' });
    expect(answer.status).toBe(403);
  });

  it('limits each client’s writes and reads, and no other’s', async () => {
    for (let i = 0; i < CATALOG_WRITES_PER_SECOND_REMOTE; i++) {
      const { entry } = await signed(await signerOf(i));
      expect((await send('POST', '/catalog', { body: entry })).status).toBe(200);
    }
    const { entry } = await signed(await signerOf(99));
    const refused = await send('POST', '/catalog', { body: entry });
    expect([refused.status, codeOf(refused)]).toEqual([429, 'RATE_LIMITED']);
    expect((await send('POST', '/catalog', { body: entry, from: '192.168.1.8' })).status).toBe(200);
    for (let i = 0; i < CATALOG_READS_PER_SECOND_REMOTE; i++)
      expect((await send('GET', '/catalog')).status).toBe(200);
    expect((await send('GET', '/catalog')).status).toBe(429);
    rig.clock.advance(1000);
    expect((await send('GET', '/catalog')).status).toBe(200);
    expect((await send('POST', '/catalog', { body: entry })).status).toBe(200);
  });
});
