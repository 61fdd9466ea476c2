import { describe, expect, it } from 'vitest';
import type { PeerRpc } from '../../../../relay/services/rpc.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { MAX_LOCATE_IDS } from '../../../../shared/limits.ts';
import { FindRelayAnswer, LocateAnswer } from '../../../../shared/protocol/dht-routes.ts';
import { signAtomic } from '../../../../shared/protocol/records.ts';
import { parseJsonWith } from '../../../../shared/protocol/schemas.ts';
import { until } from '../../../helpers/until.ts';
import { base64, signerOf } from '../dht/signed-items.ts';
import { NONCE, sampleChunk } from '../fixtures.ts';
import { relayRig } from '../relay-rig.ts';
import { fakeRelay } from '../services/fake-swarm.ts';

const json = { 'content-type': 'application/json' };

function post(url: string, payload: unknown) {
  return { method: 'POST' as const, url, headers: json, payload: JSON.stringify(payload) };
}

/** What each relay answers to `chunks.has`; the others cannot be reached. */
function holding(answers: ReadonlyMap<RelayId, (ids: string[]) => unknown>): PeerRpc & { asked: number } {
  const rpc = {
    asked: 0,
    call(to: RelayId, method: { name: string }, params: unknown): Promise<never> {
      const answer = answers.get(to);
      if (method.name !== 'chunks.has' || answer === undefined)
        return Promise.reject(new AppError('UNAVAILABLE', 'No.'));
      rpc.asked++;
      return Promise.resolve({ held: answer((params as { ids: string[] }).ids) } as never);
    },
  };
  return rpc;
}

describe('POST /chunks/locate', () => {
  it('says which live relays hold each chunk, and which did not answer, asking each once', async () => {
    const [has, none, dead] = [fakeRelay().id, fakeRelay().id, fakeRelay().id];
    const chunks = Array.from({ length: 3 }, () => sampleChunk());
    const [a, b, c] = chunks.map(({ id }) => id);
    const rpc = holding(
      new Map([
        [has, () => [b]],
        [none, () => []],
      ]),
    );
    await using rig = await relayRig({ peers: [has, none, dead], rpc });
    await rig.local.store(chunks[0]?.id as never, chunks[0]?.bytes as never, NONCE);
    const answer = await rig.server.inject(post('/chunks/locate', { ids: [a, b, c, a] }));
    expect(parseJsonWith(LocateAnswer, answer.body, 'The answer')).toEqual({
      chunks: [
        { id: a, relays: [rig.id] },
        { id: b, relays: [has] },
        { id: c, relays: [] },
      ],
      unreachable: [dead],
    });
    expect(rpc.asked).toBe(2);
  });

  it('takes a relay that claims what it was not asked about for one that does not answer', async () => {
    const liar = fakeRelay().id;
    const rpc = holding(new Map([[liar, (ids) => [...ids, sampleChunk().id]]]));
    await using rig = await relayRig({ peers: [liar], rpc });
    const answer = await rig.server.inject(post('/chunks/locate', { ids: [sampleChunk().id] }));
    expect(answer.json<LocateAnswer>().unreachable).toEqual([liar]);
  });

  it.each([
    ['no ids', { ids: [] }],
    ['too many', { ids: Array.from({ length: MAX_LOCATE_IDS + 1 }, () => 'a'.repeat(64)) }],
    ['no chunk id', { ids: ['A'.repeat(64)] }],
    ['nothing', null],
  ])('refuses %s', async (_what, body) => {
    await using rig = await relayRig();
    const answer = await rig.server.inject(post('/chunks/locate', body));
    expect(answer.statusCode).toBe(400);
  });

  it('refuses a body that is too long before it is read', async () => {
    await using rig = await relayRig();
    const answer = await rig.server.inject({ ...post('/chunks/locate', 0), payload: ' '.repeat(200_000) });
    expect(answer.statusCode).toBe(413);
  });
});

describe('/dht', () => {
  it('finds this relay, and says so of one that nobody knows', async () => {
    await using rig = await relayRig();
    const own = await rig.server.inject({ url: `/dht/node/${rig.id}` });
    expect(parseJsonWith(FindRelayAnswer, own.body, 'The answer')).toMatchObject({
      found: true,
      hops: 0,
      peer: { id: rig.id },
    });
    const other = await rig.server.inject({ url: `/dht/node/${fakeRelay().id}` });
    expect(other.json()).toEqual({ found: false, hops: 0, asked: 0, peer: null });
    expect((await rig.server.inject({ url: '/dht/node/xyz' })).statusCode).toBe(400);
  });

  it('keeps a signer’s newest record, and refuses old and forged ones', async () => {
    await using rig = await relayRig();
    const alice = await signerOf(1);
    const record = await signAtomic(alice, 2, base64('two'));
    const url = `/dht/record/${record.public_key}`;
    expect((await rig.server.inject({ url })).json()).toEqual({ record: null });
    const stored = await rig.server.inject(post('/dht/record', record));
    expect(stored.json()).toEqual({ holders: [rig.id] });
    expect((await rig.server.inject({ url })).json()).toEqual({ record });
    const old = await rig.server.inject(post('/dht/record', await signAtomic(alice, 1, base64('one'))));
    expect([old.statusCode, old.json<{ error: { code: string } }>().error.code]).toEqual([409, 'CONFLICT']);
    const forged = await rig.server.inject(post('/dht/record', { ...record, seq: 9 }));
    expect(forged.statusCode).toBe(403);
    const long = await rig.server.inject(post('/dht/record', { ...record, value: 'A'.repeat(1368) }));
    expect(long.statusCode).toBe(400);
    expect((await rig.server.inject({ url })).json()).toEqual({ record });
  });
});

it('one client that asks for chunks leaves places for others', async () => {
  const silent = { call: () => new Promise<never>(() => undefined) };
  await using rig = await relayRig({ peers: [fakeRelay().id], rpc: silent });
  const codes: number[] = [];
  const ask = async (remoteAddress: string): Promise<void> => {
    const request = post('/chunks/locate', { ids: [sampleChunk().id] });
    codes.push((await rig.server.inject({ ...request, remoteAddress })).statusCode);
  };
  const asked = Array.from({ length: 6 }, (_, i) => ask(i < 5 ? '192.168.1.9' : '192.168.1.10'));
  await until(() => codes.length + rig.clock.sleeping === asked.length, 'each has its answer, or its place');
  expect(codes).toEqual([429]);
  rig.clock.advance(10_000);
  await Promise.all(asked);
  expect(codes).toEqual([429, 200, 200, 200, 200, 200]);
});
