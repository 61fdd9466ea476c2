import { access } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { MAX_CHUNK_BYTES } from '../../../../shared/limits.ts';
import { ChunksPage, PutAnswer } from '../../../../shared/protocol/routes.ts';
import { parseJsonWith } from '../../../../shared/protocol/schemas.ts';
import { NONCE, idOf, sampleChunk } from '../fixtures.ts';
import type { SampleChunk } from '../fixtures.ts';
import { relayRig } from '../relay-rig.ts';
import type { RelayRig } from '../relay-rig.ts';
import { fakeRelay, signedReceipt } from '../services/fake-swarm.ts';

const BYTES = { 'content-type': 'application/octet-stream', 'x-client-nonce': NONCE };

function put(rig: RelayRig, { id, bytes }: SampleChunk, headers: Record<string, string> = {}) {
  return rig.server.inject({
    method: 'PUT',
    url: `/chunk/${id}`,
    headers: { ...BYTES, ...headers },
    payload: Buffer.from(bytes),
  });
}

const errorCode = (answer: { json: () => unknown }): unknown => {
  const { error } = answer.json() as { error: { code: string; message: string } };
  expect(typeof error.message).toBe('string');
  return error.code;
};

describe('PUT /chunk/{id}', () => {
  it('stores and answers with a receipt', async () => {
    await using rig = await relayRig();
    const chunk = sampleChunk(MAX_CHUNK_BYTES);
    const answer = await put(rig, chunk);
    expect(answer.statusCode).toBe(200);
    const { receipts, failed } = parseJsonWith(PutAnswer, answer.body, 'The answer');
    expect(receipts).toMatchObject([{ relay: rig.id, chunk: chunk.id, size: MAX_CHUNK_BYTES, nonce: NONCE }]);
    expect(failed).toEqual([]);
    expect(await rig.store.read(chunk.id)).toEqual(chunk.bytes);
  });

  it('fans out, and the answer tells of each relay', async () => {
    await using rig = await relayRig();
    const [good, bad] = [fakeRelay(), fakeRelay()];
    rig.transport.puts.set(good.id, (id, chunk, nonce) =>
      Promise.resolve(signedReceipt(good, id, chunk.length, nonce)),
    );
    rig.transport.puts.set(bad.id, () => Promise.reject(new AppError('NO_SPACE', 'full')));
    const chunk = sampleChunk();
    const answer = await put(rig, chunk, { 'x-replicate-to': `${good.id},${bad.id}` });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      receipts: [{ relay: good.id }],
      failed: [{ relay: bad.id, code: 'NO_SPACE' }],
    });
    expect(rig.store.usage.chunks).toBe(0);
  });

  it.each<[string, Record<string, string>]>([
    ['no nonce', { 'x-client-nonce': '' }],
    ['a short nonce', { 'x-client-nonce': 'abcd' }],
    ['a relay id in capitals', { 'x-replicate-to': 'A'.repeat(64) }],
    ['an empty relay list', { 'x-replicate-to': '' }],
    ['a list with a hole', { 'x-replicate-to': `${'a'.repeat(64)},,${'b'.repeat(64)}` }],
    ['nine relays', { 'x-replicate-to': Array.from({ length: 9 }, () => 'a'.repeat(64)).join(',') }],
    ['JSON', { 'content-type': 'application/json' }],
    ['no content type', { 'content-type': '' }],
    ['a form', { 'content-type': 'multipart/form-data; boundary=x' }],
  ])('refuses %s', async (_, headers) => {
    await using rig = await relayRig();
    const answer = await put(rig, sampleChunk(), headers);
    expect(answer.statusCode).toBe(400);
    expect(errorCode(answer)).toBe('BAD_INPUT');
    expect(rig.store.usage.chunks).toBe(0);
  });

  it('refuses the wrong hash and leaves nothing on the disk', async () => {
    await using rig = await relayRig();
    const { id } = sampleChunk();
    const answer = await put(rig, { id, bytes: sampleChunk().bytes });
    expect(answer.statusCode).toBe(400);
    expect(errorCode(answer)).toBe('HASH_MISMATCH');
    await expect(access(path.join(rig.dir, 'chunks', id.slice(0, 2)))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('refuses a body that is too large, an empty one and one too small', async () => {
    await using rig = await relayRig();
    const large = sampleChunk(MAX_CHUNK_BYTES + 1);
    const answer = await put(rig, large);
    expect(answer.statusCode).toBe(413);
    expect(errorCode(answer)).toBe('TOO_LARGE');
    expect((await put(rig, sampleChunk(0))).statusCode).toBe(400);
    expect((await put(rig, sampleChunk(50))).statusCode).toBe(400);
  });

  it('says 507 when there is no room', async () => {
    await using rig = await relayRig({ capacityBytes: 5000 });
    expect((await put(rig, sampleChunk(4000))).statusCode).toBe(200);
    const answer = await put(rig, sampleChunk(4000));
    expect(answer.statusCode).toBe(507);
    expect(errorCode(answer)).toBe('NO_SPACE');
  });

  it('says nothing of itself when it fails unexpectedly', async () => {
    await using rig = await relayRig();
    rig.server.addHook('preHandler', () => Promise.reject(new Error('secret detail /home/me')));
    const answer = await put(rig, sampleChunk());
    expect(answer.statusCode).toBe(500);
    expect(errorCode(answer)).toBe('INTERNAL');
    expect(answer.body).not.toContain('secret');
    expect(answer.body).not.toContain('.ts');
  });

  it('arbitrary bodies under arbitrary ids are refused or can be read back', async () => {
    await using rig = await relayRig();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), fc.boolean(), async (body, honest) => {
        const bytes = new Uint8Array(body);
        const id = honest ? idOf(bytes) : sampleChunk().id;
        const answer = await put(rig, { id, bytes });
        const back = await rig.server.inject({ url: `/chunk/${id}`, headers: { 'x-local-only': '1' } });
        if (answer.statusCode === 200) expect(new Uint8Array(back.rawPayload)).toEqual(bytes);
        else {
          expect(answer.statusCode).toBe(400);
          expect(back.statusCode).toBe(404);
        }
        expect(answer.statusCode === 200).toBe(honest && bytes.length >= 105);
      }),
      { numRuns: 60 },
    );
  });
});

describe('GET and HEAD /chunk/{id}', () => {
  it('give the bytes, their length, and an answer that may be kept for ever', async () => {
    await using rig = await relayRig();
    const { id, bytes } = sampleChunk();
    await rig.store.put(id, [bytes]);
    const get = await rig.server.inject({ url: `/chunk/${id}` });
    expect(get.statusCode).toBe(200);
    expect(new Uint8Array(get.rawPayload)).toEqual(bytes);
    const head = await rig.server.inject({ method: 'HEAD', url: `/chunk/${id}` });
    expect(head.rawPayload).toHaveLength(0);
    for (const { headers } of [get, head]) {
      expect(headers).toMatchObject({
        'content-length': '4000',
        'content-type': 'application/octet-stream',
        etag: `"${id}"`,
        'cache-control': 'public, max-age=31536000, immutable',
        vary: 'x-local-only, x-holder',
      });
    }
  });

  it('take bytes through a named holder as they are', async () => {
    const holder = fakeRelay().id;
    await using rig = await relayRig({ peers: [holder] });
    const { id } = sampleChunk();
    rig.transport.gets.set(holder, () => Promise.resolve(new Uint8Array([1, 2, 3])));
    const answer = await rig.server.inject({ url: `/chunk/${id}`, headers: { 'x-holder': holder } });
    expect(new Uint8Array(answer.rawPayload)).toEqual(new Uint8Array([1, 2, 3]));
    expect(answer.headers['content-length']).toBe('3');
  });

  it('pass on what the holder failed with', async () => {
    const holder = fakeRelay().id;
    await using rig = await relayRig({ peers: [holder] });
    rig.transport.gets.set(holder, () => Promise.reject(new AppError('TIMEOUT', 'slow')));
    const url = `/chunk/${sampleChunk().id}`;
    const answer = await rig.server.inject({ url, headers: { 'x-holder': holder } });
    expect(answer.statusCode).toBe(504);
    expect(errorCode(answer)).toBe('TIMEOUT');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['etag']).toBeUndefined();
  });

  it('are 404 for what nobody has, and may not be cached', async () => {
    await using rig = await relayRig();
    const answer = await rig.server.inject({ url: `/chunk/${sampleChunk().id}` });
    expect(answer.statusCode).toBe(404);
    expect(errorCode(answer)).toBe('NOT_FOUND');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it.each<[string, Record<string, string>]>([
    ['x-local-only other than 1', { 'x-local-only': 'yes' }],
    ['a holder that is no id', { 'x-holder': 'me' }],
  ])('refuse %s', async (_, headers) => {
    await using rig = await relayRig();
    const answer = await rig.server.inject({ url: `/chunk/${sampleChunk().id}`, headers });
    expect(errorCode(answer)).toBe('BAD_INPUT');
  });

  const good = 'ab'.repeat(32);
  it.each([
    good.toUpperCase(),
    good.slice(1),
    `${good}0`,
    'zz'.repeat(32),
    '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '..%2f..%2fidentity.key',
    '%2Fetc%2Fpasswd',
    '/etc/passwd',
    '..%5c..%5cidentity.key',
    `${good}%00`,
    `${good}%0a`,
    `${good}/x`,
    '',
    'a'.repeat(5000),
    '%zz',
  ])('an id like %j is 400 for every method', async (id) => {
    await using rig = await relayRig();
    for (const method of ['GET', 'HEAD', 'PUT'] as const) {
      const answer = await rig.server.inject({ method, url: `/chunk/${id}`, headers: BYTES, payload: 'x' });
      expect(answer.statusCode).toBe(400);
      if (method !== 'HEAD') expect(errorCode(answer)).toBe('BAD_INPUT');
    }
  });
});

describe('GET /chunks', () => {
  it('lists all chunks through pages of any size, each once, in order', async () => {
    await using rig = await relayRig();
    const chunks = Array.from({ length: 23 }, (_, i) => sampleChunk(200 + i));
    for (const { id, bytes } of chunks) await rig.store.put(id, [bytes]);
    for (const limit of [1, 7, 23, 24, 10_000]) {
      const ids: string[] = [];
      let cursor = '';
      for (let pages = 1; ; pages++) {
        const answer = await rig.server.inject({ url: `/chunks?limit=${limit}${cursor}` });
        const page = parseJsonWith(ChunksPage, answer.body, 'The page');
        expect(page.chunks.length).toBeLessThanOrEqual(limit);
        ids.push(...page.chunks.map(({ id }) => id));
        if (page.next === null) {
          expect(pages).toBe(Math.ceil(23 / limit));
          break;
        }
        cursor = `&cursor=${page.next}`;
      }
      expect(ids).toEqual(chunks.map(({ id }) => id as string).sort());
    }
  });

  it('goes through more rows than one read of the index', async () => {
    await using rig = await relayRig();
    const chunks = Array.from({ length: 600 }, () => sampleChunk(105));
    await Promise.all(chunks.map(({ id, bytes }) => rig.store.put(id, [bytes])));
    const answer = await rig.server.inject({ url: '/chunks' });
    const page = parseJsonWith(ChunksPage, answer.body, 'The page');
    expect(page.next).toBeNull();
    expect(page.chunks.map(({ id }) => id)).toEqual(chunks.map(({ id }) => id as string).sort());
  });

  it.each(['limit=0', 'limit=10001', 'limit=x', 'limit=1.5', `cursor=${'a'.repeat(300)}`])(
    'refuses %s',
    async (query) => {
      await using rig = await relayRig();
      const answer = await rig.server.inject({ url: `/chunks?${query}` });
      expect(answer.statusCode).toBe(400);
      expect(errorCode(answer)).toBe('BAD_INPUT');
    },
  );

  it('takes any text for a cursor without harm', async () => {
    await using rig = await relayRig();
    for (const cursor of ["'; DROP TABLE chunks; --", '%00', 'zzz']) {
      const answer = await rig.server.inject({ url: `/chunks?cursor=${encodeURIComponent(cursor)}` });
      expect(answer.json()).toEqual({ chunks: [], next: null });
    }
  });
});
