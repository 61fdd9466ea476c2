import { describe, expect, it, vi } from 'vitest';
import type { OperatorParts } from '../../../../relay/http/operator-routes.ts';
import { AppError } from '../../../../shared/errors.ts';
import { MAX_CONCURRENT_ADDS, OPERATOR_WAIT_MS } from '../../../../shared/limits.ts';
import { newSwarmKeyText, parseSwarmKey } from '../../../../shared/protocol/swarm-key.ts';
import { FakeCare, OPERATOR_TOKEN } from '../fake-care.ts';
import { relayRig } from '../relay-rig.ts';

const REPORT = { checked: 9, missing: 2, repaired: 2, balanced: 0, surplus: 1, dropped: 1, failed: 0 };
const host = 'localhost';
const authorization = `Bearer ${OPERATOR_TOKEN}`;

describe('operator endpoints', () => {
  it.each([
    ['POST', '/repair'],
    ['GET', '/repair'],
    ['POST', '/unjoin'],
    ['GET', '/unjoin'],
    ['POST', '/peers'],
  ] as const)('%s %s is nobody’s but the operator’s', async (method, url) => {
    const care = new FakeCare();
    const joins = { add: vi.fn<OperatorParts['joins']['add']>() };
    await using rig = await relayRig({ care, joins });
    const wrong = [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      OPERATOR_TOKEN,
      `Bearer ${OPERATOR_TOKEN.slice(1)}`,
      `Bearer ${OPERATOR_TOKEN}0`,
      `Basic ${OPERATOR_TOKEN}`,
      `Bearer ${'0'.repeat(64)}`,
    ];
    for (const token of wrong) {
      const headers = token === undefined ? { host } : { host, authorization: token };
      const answer = await rig.server.inject({ method, url, headers });
      expect(answer.statusCode).toBe(403);
      expect(answer.json()).toMatchObject({ error: { code: 'FORBIDDEN' } });
    }
    expect(joins.add).not.toHaveBeenCalled();
    expect(care.repairs).toBe(0);
    expect(care.status.state).toBe('serving');
  });

  it('a repair answers with its report when it is done', async () => {
    const care = new FakeCare();
    care.report = REPORT;
    await using rig = await relayRig({ care });
    const answer = await rig.server.inject({
      method: 'POST',
      url: '/repair',
      headers: { host, authorization },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ running: false, report: REPORT });
    expect(care.repairs).toBe(1);
  });

  it('one that takes long answers that it goes on, and can be asked after', async () => {
    const care = new FakeCare();
    const pass = Promise.withResolvers<undefined>();
    care.pass = pass.promise.then(() => undefined);
    care.report = REPORT;
    care.running = true;
    await using rig = await relayRig({ care });
    const asked = rig.server.inject({ method: 'POST', url: '/repair', headers: { host, authorization } });
    await expect.poll(() => rig.clock.sleeping).toBe(1);
    rig.clock.advance(OPERATOR_WAIT_MS);
    expect((await asked).json()).toEqual({ running: true, report: REPORT });
    pass.resolve(undefined);
    care.running = false;
    const later = await rig.server.inject({
      method: 'GET',
      url: '/repair',
      headers: { host, authorization },
    });
    expect(later.json()).toEqual({ running: false, report: REPORT });
  });

  it('an order to leave is told how it goes', async () => {
    await using rig = await relayRig({ care: new FakeCare() });
    const begun = await rig.server.inject({
      method: 'POST',
      url: '/unjoin',
      headers: { host, authorization },
    });
    expect(begun.json()).toEqual({
      state: 'leaving',
      total: 3,
      placed: 0,
      total_bytes: 3000,
      placed_bytes: 0,
    });
  });

  it('orders from other sites’ pages are refused, token or not', async () => {
    await using rig = await relayRig({ care: new FakeCare() });
    const headers = { host, authorization, origin: 'http://evil.example' };
    const answer = await rig.server.inject({ method: 'POST', url: '/unjoin', headers });
    expect(answer.statusCode).toBe(403);
  });
});

describe('POST /peers', () => {
  const ADDED = { id: 'a'.repeat(64), host: '10.0.0.9', port: 8000, known: false };
  const post = (payload: string, more: Record<string, string> = {}) => ({
    method: 'POST' as const,
    url: '/peers',
    headers: { host, authorization, 'content-type': 'application/json', ...more },
    payload,
  });
  const address = (text: string): string => JSON.stringify({ address: text });

  it('joins the relay at the address, and says which one it is', async () => {
    const add = vi.fn<OperatorParts['joins']['add']>(() => Promise.resolve(ADDED));
    await using rig = await relayRig({ joins: { add } });
    const answer = await rig.server.inject(post(address('10.0.0.9:8000')));
    expect([answer.statusCode, answer.json()]).toEqual([200, ADDED]);
    expect(add.mock.calls.map(([text]) => text)).toEqual(['10.0.0.9:8000']);
  });

  it('says why it could not', async () => {
    const add = () => Promise.reject(new AppError('FORBIDDEN', 'Of another swarm.'));
    await using rig = await relayRig({ joins: { add } });
    const answer = await rig.server.inject(post(address('10.0.0.9:8000')));
    expect([answer.statusCode, answer.json()]).toEqual([
      403,
      { error: { code: 'FORBIDDEN', message: 'Of another swarm.' } },
    ]);
  });

  it.each(['', '{', '{}', address(''), address('x'.repeat(301)), '{"address":7}'])(
    'refuses %j',
    async (body) => {
      const add = vi.fn<OperatorParts['joins']['add']>();
      await using rig = await relayRig({ joins: { add } });
      const answer = await rig.server.inject(post(body));
      expect(answer.statusCode).toBe(400);
      expect(add).not.toHaveBeenCalled();
    },
  );

  it('refuses pages of other origins, token or not, and too many at once', async () => {
    const done = Promise.withResolvers<typeof ADDED>();
    const add = vi.fn<OperatorParts['joins']['add']>(() => done.promise);
    await using rig = await relayRig({ joins: { add } });
    const foreign = await rig.server.inject(post(address('a:1'), { origin: 'http://evil.example' }));
    expect(foreign.statusCode).toBe(403);
    const inside = Array.from({ length: MAX_CONCURRENT_ADDS }, () =>
      rig.server.inject(post(address('a:1'))).then((sent) => sent),
    );
    await expect.poll(() => add.mock.calls.length).toBe(MAX_CONCURRENT_ADDS);
    const oneMore = await rig.server.inject(post(address('a:1')));
    expect(oneMore.statusCode).toBe(429);
    done.resolve(ADDED);
    expect((await Promise.all(inside)).map(({ statusCode }) => statusCode)).toEqual(inside.map(() => 200));
  });

  it('of a private swarm, wants a session besides the token', async () => {
    const swarmKey = parseSwarmKey(newSwarmKeyText());
    await using rig = await relayRig({ swarmKey, joins: { add: () => Promise.resolve(ADDED) } });
    expect((await rig.server.inject(post(address('a:1')))).statusCode).toBe(401);
  });
});

describe('POST /chunks/audit', () => {
  const post = (body: string) => ({
    method: 'POST' as const,
    url: '/chunks/audit',
    headers: { host, 'content-type': 'application/json' },
    payload: body,
  });

  it('answers anybody', async () => {
    await using rig = await relayRig({ care: new FakeCare() });
    const body = JSON.stringify({ id: 'a'.repeat(64), nonce: '0'.repeat(32) });
    expect((await rig.server.inject(post(body))).json()).toEqual({ hash: 'ab'.repeat(32) });
  });

  it.each([
    '',
    '{',
    'null',
    '{}',
    JSON.stringify({ id: 'a'.repeat(63), nonce: '0'.repeat(32) }),
    JSON.stringify({ id: 'a'.repeat(64), nonce: '0'.repeat(96) }),
    JSON.stringify({ id: 'a'.repeat(64), nonce: 7 }),
  ])('refuses %j', async (body) => {
    await using rig = await relayRig({ care: new FakeCare() });
    const answer = await rig.server.inject(post(body));
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: { code: 'BAD_INPUT' } });
  });
});
