/** The parts that decide, each by itself and without a swarm. */
import { createHash } from 'node:crypto';
import type { Static, TSchema } from 'typebox';
import { beforeEach, describe, expect, it } from 'vitest';
import { Auditor } from '../../../../relay/services/care/audit.ts';
import { BytePace } from '../../../../relay/services/care/byte-pace.ts';
import { OFFER_CHUNKS, OfferDesk } from '../../../../relay/services/care/offers.ts';
import { plan } from '../../../../relay/services/care/plan.ts';
import type { Standing } from '../../../../relay/services/care/plan.ts';
import type { AuditResult } from '../../../../relay/services/care/audit.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import { RpcRouter } from '../../../../relay/services/rpc.ts';
import type { PeerRpc, RpcMethod } from '../../../../relay/services/rpc.ts';
import { AppError } from '../../../../shared/errors.ts';
import { parseChunkId, parseRelayId } from '../../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../../shared/ids.ts';
import {
  KEEP_PROMISE_MS,
  MAX_KEEP_PROMISES_PER_RELAY,
  MAX_OFFERED_CHUNKS,
  MAX_OFFER_RESERVATIONS_PER_RELAY,
  OFFER_RESERVATION_MS,
} from '../../../../shared/limits.ts';
import { sampleChunk } from '../fixtures.ts';
import { ManualClock } from '../relay-rig.ts';

const relay = (n: number): RelayId => parseRelayId(n.toString(16).padStart(64, '0'));
const chunkId = (n: number): ChunkId => parseChunkId(n.toString(16).padStart(64, 'c'));
const never = new AbortController().signal;
let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock();
});

describe('plan', () => {
  /** Relays 0 to 9 in placement order. */
  function standing(holders: number[], doubtful: number[] = [], changes: Partial<Standing> = {}): Standing {
    const order = Array.from({ length: 10 }, (_, n) => ({
      ...{ id: relay(n), capacity: 1, machine: String(n), settled: true },
      state: 'live' as const,
    }));
    const set = (ids: number[]): Set<RelayId> => new Set(ids.map(relay));
    const base = { id: chunkId(1), sizeBytes: 200, order, distrusted: set([]) };
    return { ...base, holders: set(holders), doubtful: set(doubtful), ...changes };
  }

  it.each([
    ['five holders: nothing', [0, 1, 2, 3, 4], [], { missing: 0, candidates: [], heirs: [], surplus: [] }],
    ['four: the next in order', [0, 1, 2, 4], [], { missing: 1, turn: 0, heirs: [] }],
    ['four and one that may be back: nothing', [0, 1, 2, 4], [3], { missing: 0, candidates: [] }],
    ['six: the last one is too many', [0, 1, 2, 3, 4, 7], [], { surplus: [relay(7)], heirs: [] }],
    [
      'eight: the last three are too many',
      [0, 1, 2, 3, 4, 5, 6, 7],
      [],
      { surplus: [5, 6, 7].map(relay), heirs: [] },
    ],
    ['one of the first lacks it', [0, 1, 2, 3, 7], [], { missing: 0, heirs: [relay(4)], surplus: [] }],
  ])('%s', (_, holders, doubtful, expected) => {
    expect(plan(standing(holders, doubtful), relay(0))).toMatchObject(expected);
  });

  it('offers to whoever lacks it, in order, but not to the new, the doubtful and the distrusted', () => {
    const base = standing([0, 1], [2]);
    const order = base.order.map((member, n) => ({ ...member, settled: n !== 3 }));
    const planned = plan({ ...base, order, distrusted: new Set([relay(4)]) }, relay(0));
    expect(planned.missing).toBe(2);
    expect(planned.candidates).toEqual([5, 6, 7, 8, 9].map(relay));
  });

  it('says whose turn it is, and on whom the last holder may rely', () => {
    expect(plan(standing([2, 5, 6]), relay(6)).turn).toBe(2);
    expect(plan(standing([0, 1, 2, 3, 4, 7]), relay(7)).better).toEqual([0, 1, 2, 3, 4].map(relay));
  });

  it.each([
    ['five hold it before this relay', [0, 1, 2, 3, 4, 7], [], true],
    ['five may: one before it is doubtful', [0, 1, 2, 4, 7], [3], true],
    ['the doubtful one ranks after it', [0, 1, 2, 3, 7], [8], false],
    ['four hold it before it, and nobody is doubtful', [0, 1, 2, 3, 7], [], false],
  ])('says whether the replica here is too many, or may be: %s', (_, holders, doubtful, expected) => {
    expect(plan(standing(holders, doubtful), relay(7)).perhapsSurplus).toBe(expected);
  });

  it('a relay that lends nothing any more ranks last', () => {
    const self = relay(99);
    const base = standing([0, 1, 2, 3, 4]);
    const planned = plan({ ...base, holders: new Set([...base.holders, self]) }, self);
    expect(planned).toMatchObject({ surplus: [self], perhapsSurplus: true, turn: 5 });
  });
});

describe('OfferDesk', () => {
  const self = relay(7);
  const held = new Set<ChunkId>();
  const deleted = new Set<ChunkId>();
  let takes = true;
  let router: RpcRouter;
  let events: EventBus;
  let store: { has(id: ChunkId): boolean; usage: { bytes: number }; capacityBytes: number };

  beforeEach(() => {
    held.clear();
    deleted.clear();
    takes = true;
    router = new RpcRouter();
    events = new EventBus(() => 0);
    store = { has: (id) => held.has(id), usage: { bytes: 0 }, capacityBytes: 1e9 };
    const isDeleted = (id: ChunkId): boolean => deleted.has(id);
    new OfferDesk({ self, store, isDeleted, events, clock, takes: () => takes }).answerOver(router);
  });

  async function offer(from: RelayId, ids: ChunkId[], size = 1000): Promise<string[]> {
    const chunks = ids.map((id) => ({ id, size }));
    const { answers } = (await router.answer(OFFER_CHUNKS.name, { chunks }, from, never)) as {
      answers: string[];
    };
    return answers;
  }

  it('wants what it lacks, once: a second source is told that it is coming', async () => {
    expect(await offer(relay(1), [chunkId(1)])).toEqual(['want']);
    expect(await offer(relay(2), [chunkId(1)])).toEqual(['busy']);
    expect(await offer(relay(1), [chunkId(1)])).toEqual(['want']);
    clock.advance(OFFER_RESERVATION_MS);
    expect(await offer(relay(2), [chunkId(1)])).toEqual(['want']);
  });

  it('says what it has, what is deleted, and that it takes nothing while it leaves', async () => {
    held.add(chunkId(1));
    deleted.add(chunkId(2));
    expect(await offer(relay(1), [chunkId(1), chunkId(2), chunkId(3)])).toEqual(['have', 'deleted', 'want']);
    takes = false;
    expect(await offer(relay(1), [chunkId(4)])).toEqual(['no-space']);
  });

  it('promises no more bytes than it has, and forgets a reservation that was used', async () => {
    store.capacityBytes = 2500;
    expect(await offer(relay(1), [chunkId(1), chunkId(2), chunkId(3)])).toEqual(['want', 'want', 'no-space']);
    held.add(chunkId(1));
    store.usage.bytes = 500;
    events.publish({ type: 'chunk-stored', id: chunkId(1), relay: self, size: 500 });
    expect(await offer(relay(1), [chunkId(3)])).toEqual(['want']);
  });

  it('lets nobody reserve everything', async () => {
    const answers: string[] = [];
    for (let at = 0; at < 2 * MAX_OFFER_RESERVATIONS_PER_RELAY; at += MAX_OFFERED_CHUNKS) {
      const ids = Array.from({ length: MAX_OFFERED_CHUNKS }, (_, n) => chunkId(at + n + 1));
      answers.push(...(await offer(relay(1), ids)));
    }
    expect(answers.filter((answer) => answer === 'want')).toHaveLength(MAX_OFFER_RESERVATIONS_PER_RELAY);
    expect(await offer(relay(2), [chunkId(9999)])).toEqual(['want']);
  });

  it.each([
    { chunks: [{ id: 'x', size: 1000 }] },
    { chunks: [{ id: chunkId(1), size: 2 ** 40 }] },
    { chunks: [{ id: chunkId(1), size: -1 }] },
    { chunks: Array.from({ length: MAX_OFFERED_CHUNKS + 1 }, () => ({ id: chunkId(1), size: 1000 })) },
    null,
  ])('refuses what is no offer: %#', async (params) => {
    await expect(router.answer(OFFER_CHUNKS.name, params, relay(1), never)).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  });
});

describe('Auditor', () => {
  const chunk = sampleChunk(500);
  const sha256 = (...parts: Uint8Array[]): string => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest('hex');
  };

  function auditor(self: RelayId, serves = true): { auditor: Auditor; router: RpcRouter } {
    const readVerified = (id: ChunkId): Promise<Uint8Array> =>
      id === chunk.id ? Promise.resolve(chunk.bytes) : Promise.reject(new AppError('NOT_FOUND', 'No.'));
    const one = new Auditor({ self, clock, holds: () => true, readVerified, serves: () => serves });
    const router = new RpcRouter();
    one.answerOver(router);
    return { auditor: one, router };
  }

  function rpcTo(answer: (params: unknown) => unknown): PeerRpc {
    return {
      call: <P extends TSchema, R extends TSchema>(_: RelayId, __: RpcMethod<P, R>, params: Static<P>) =>
        Promise.resolve().then(() => answer(params) as Static<R>),
    };
  }

  const ask = (rpc: PeerRpc, keep = false): Promise<AuditResult> =>
    auditor(relay(1)).auditor.ask(rpc, relay(2), { id: chunk.id, chunk: chunk.bytes, keep }, never);
  const sample = (rpc: PeerRpc, id: ChunkId): Promise<AuditResult> =>
    auditor(relay(1)).auditor.sample(rpc, relay(2), id, never);

  it('proves a chunk that is there', async () => {
    const { router } = auditor(relay(2));
    expect(await ask(rpcTo((params) => router.answer('chunks.audit', params, relay(1), never)))).toBe(
      'proven',
    );
  });

  it('does not take another relay’s answer, nor a wrong one, nor the clients’ form', async () => {
    const { router, auditor: honest } = auditor(relay(3));
    expect(await ask(rpcTo((params) => router.answer('chunks.audit', params, relay(2), never)))).toBe(
      'refuted',
    );
    expect(await ask(rpcTo(() => ({ hash: '0'.repeat(64) })))).toBe('refuted');
    const relayed = rpcTo(async (params) => {
      return { hash: await honest.answer(chunk.id, (params as { nonce: string }).nonce) };
    });
    expect(await ask(relayed)).toBe('refuted');
  });

  it.each([
    ['NOT_FOUND', 'refuted'],
    ['DELETED', 'gone'],
    ['UNAVAILABLE', 'unknown'],
    ['TIMEOUT', 'unknown'],
    ['RATE_LIMITED', 'unknown'],
  ] as const)('an answer of %s is %s', async (code, expected) => {
    const failing = rpcTo(() => {
      throw new AppError(code, 'No.');
    });
    expect(await ask(failing)).toBe(expected);
  });

  it('compares with its own replica; where that has gone, nothing is asked and nobody accused', async () => {
    const { router } = auditor(relay(2));
    let asked = 0;
    const rpc = rpcTo((params) => {
      asked++;
      return router.answer('chunks.audit', params, relay(1), never);
    });
    expect(await sample(rpc, chunk.id)).toBe('proven');
    expect(await sample(rpc, chunkId(1))).toBe('gone');
    expect(asked).toBe(1);
  });

  it('the clients’ form is SHA-256(nonce ‖ chunk)', async () => {
    const nonce = '000102030405060708090a0b0c0d0e0f';
    const { auditor: one } = auditor(relay(2));
    expect(await one.answer(chunk.id, nonce)).toBe(sha256(Buffer.from(nonce, 'hex'), chunk.bytes));
    await expect(one.answer(chunkId(1), nonce)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(auditor(relay(2), false).auditor.answer(chunk.id, nonce)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  it('what was promised is not dropped for a while, and what is being dropped is not promised', async () => {
    const { auditor: one, router } = auditor(relay(2));
    const promise = () =>
      router.answer('chunks.audit', { id: chunk.id, nonce: '0'.repeat(32), keep: true }, relay(1), never);
    await promise();
    let dropped = 0;
    const drop = (): Promise<boolean> => {
      dropped++;
      return promise().then(
        () => false,
        () => true,
      );
    };
    expect(await one.dropUnlessPromised(chunk.id, drop)).toBe(false);
    expect(dropped).toBe(0);
    clock.advance(KEEP_PROMISE_MS);
    // The promise asked for while it drops was refused.
    expect(await one.dropUnlessPromised(chunk.id, drop)).toBe(true);
    expect(dropped).toBe(1);
  });

  it('one relay that has everything promised leaves promises for others, and gets new ones when its own have run out', async () => {
    const { router } = auditor(relay(2));
    const promise = async (n: number, to: RelayId): Promise<string> => {
      const id = n.toString(16).padStart(64, '0');
      const params = { id, nonce: '0'.repeat(32), keep: true };
      const answer = router.answer('chunks.audit', params, to, never);
      return answer.then(String, (cause: unknown) => AppError.from(cause).code);
    };
    const greedy = relay(8);
    // Promised before it is found that they cannot be read.
    for (let n = 0; n < MAX_KEEP_PROMISES_PER_RELAY; n++) expect(await promise(n, greedy)).toBe('NOT_FOUND');
    expect(await promise(MAX_KEEP_PROMISES_PER_RELAY, greedy)).toBe('RATE_LIMITED');
    expect(await promise(0, greedy)).toBe('NOT_FOUND');
    expect(await promise(1, relay(9))).toBe('NOT_FOUND');
    // What is promised to both is kept for the later one, and counts for that one alone.
    expect(await promise(MAX_KEEP_PROMISES_PER_RELAY, greedy)).toBe('NOT_FOUND');
    expect(await promise(1, greedy)).toBe('RATE_LIMITED');
    clock.advance(KEEP_PROMISE_MS);
    expect(await promise(1, greedy)).toBe('NOT_FOUND');
  });
});

describe('BytePace', () => {
  it('lets one second’s worth through at once, and then so many bytes a second', async () => {
    const pace = new BytePace(clock, 1000);
    await pace.take(1000, never);
    const second = pace.take(500, never);
    expect(clock.sleeping).toBe(1);
    clock.advance(499);
    expect(clock.sleeping).toBe(1);
    clock.advance(1);
    await second;
  });
});
