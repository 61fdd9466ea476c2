import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AntiEntropy } from '../../../../relay/services/gossip/anti-entropy.ts';
import { Gossip } from '../../../../relay/services/gossip/gossip.ts';
import { reconcile } from '../../../../relay/services/gossip/reconcile.ts';
import { SetDigests } from '../../../../relay/services/gossip/set-digests.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import { AppError } from '../../../../shared/errors.ts';
import { MAX_ANTI_ENTROPY_QUESTIONS } from '../../../../shared/limits.ts';
import { silentLog } from '../fixtures.ts';
import { VirtualClock } from '../p2p/virtual-clock.ts';
import { MemorySet, Wires, relayId, rpcOf } from './memory-set.ts';
import type { AnyRpc } from './memory-set.ts';

const [SELF, PEER] = [relayId(0), relayId(1)];
const values = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `value ${String(from + i)}`);

/** A relay that answers for a set. */
function honest(set: MemorySet): { answer: AnyRpc; wires: Wires } {
  const wires = new Wires();
  const clock = new VirtualClock();
  new Gossip({
    mesh: { neighbours: () => [], linked: () => [] },
    members: () => [],
    rpc: wires.rpc(PEER),
    router: wires.router(PEER),
    clock,
    events: new EventBus(() => 0),
    log: silentLog,
    random: () => 0.5,
    stopped: new AbortController().signal,
  }).share(set);
  const answer: AnyRpc = (to, name, params, from) => {
    wires.requests.push({ from, to, name });
    const router = wires.routers.get(PEER);
    if (router === undefined) throw new Error('No router.');
    return router.answer(name, params, from, new AbortController().signal);
  };
  return { answer, wires };
}

function compare(set: MemorySet, answer: AnyRpc, news: string[] = []): Promise<void> {
  return reconcile({
    set,
    digests: new SetDigests(set),
    peer: PEER,
    rpc: rpcOf(SELF, answer),
    clock: { sleep: () => Promise.resolve() },
    onNews: (ids) => void news.push(...ids),
    signal: new AbortController().signal,
  });
}

describe('a comparison with an honest peer', () => {
  it('leaves both with the union, whatever they had', async () => {
    const some = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(some, some, async (mine, theirs) => {
        const set = new MemorySet(mine.map((n) => `value ${String(n)}`));
        const other = new MemorySet(theirs.map((n) => `value ${String(n)}`));
        const before = new Set(set.ids);
        const union = [...new Set([...set.ids, ...other.ids])].sort();
        const news: string[] = [];
        await compare(set, honest(other).answer, news);
        expect(set.ids).toEqual(union);
        expect(other.ids).toEqual(union);
        expect(news.sort()).toEqual(union.filter((id) => !before.has(id)));
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['nothing differs', values(0, 5000), values(0, 5000), 1],
    ['one item differs among thousands', values(0, 5001), values(0, 5000), 6],
    ['three differ on either side', values(3, 5003), values(0, 5000), 10],
    ['this one has nothing', [], values(0, 5000), 100],
    ['the peer has nothing', values(0, 5000), [], 30],
  ])('asks little when %s', async (_, mine, theirs, mostRequests) => {
    const [set, other] = [new MemorySet(mine), new MemorySet(theirs)];
    const { answer, wires } = honest(other);
    await compare(set, answer);
    expect(set.ids).toEqual(other.ids);
    expect(wires.requests.length).toBeLessThanOrEqual(mostRequests);
  });

  it('waits when the peer has had enough for now, and goes on', async () => {
    const [set, other] = [new MemorySet(values(0, 50)), new MemorySet(values(25, 90))];
    const { answer } = honest(other);
    let refusals = 5;
    await compare(set, (to, name, params, from) => {
      if (refusals-- > 0) return Promise.reject(new AppError('RATE_LIMITED', 'Later.'));
      return answer(to, name, params, from);
    });
    expect(set.ids).toEqual(other.ids);
  });
});

describe('a comparison with a peer that lies', () => {
  const hex = () => randomBytes(32).toString('hex');
  type Compare = { ranges: { prefix: string; digest: string }[] };

  async function withLiar(
    lie: (name: string, params: never) => unknown,
  ): Promise<{ code: string; asked: number }> {
    const set = new MemorySet(values(0, 500));
    const before = set.ids;
    let asked = 0;
    const code = await compare(set, (_to, name, params) => {
      asked++;
      return Promise.resolve(lie(name, params as never));
    }).then(
      () => 'ended',
      (error: unknown) => AppError.from(error).code,
    );
    expect(set.ids).toEqual(before);
    expect(asked).toBeLessThanOrEqual(MAX_ANTI_ENTROPY_QUESTIONS);
    return { code, asked };
  }

  it('ends when every range differs for ever', async () => {
    const { code } = await withLiar((name, { ranges }: Compare) =>
      name === 'gossip.compare'
        ? { differ: ranges.map(({ prefix }) => ({ prefix, parts: Array.from({ length: 16 }, hex) })) }
        : {},
    );
    expect(['TOO_LARGE', 'CORRUPT']).toContain(code);
  });

  it('ends when the peer tells ids and has no items for them, or other items', async () => {
    const tells = (name: string): unknown =>
      name === 'gossip.compare' ? { differ: [{ prefix: '', ids: [hex(), hex()] }] } : { items: [] };
    expect(await withLiar(tells)).toMatchObject({ code: 'CORRUPT' });
    const junk = (name: string): unknown =>
      name === 'gossip.compare'
        ? { differ: [{ prefix: '', ids: [hex()] }] }
        : { items: [{ value: 7 }, 'junk', null] };
    expect(await withLiar(junk)).toMatchObject({ code: 'BAD_INPUT' });
  });

  it.each([
    ['a range that was not asked about', { prefix: 'ab', ids: [] }],
    ['ids of another range', null],
    ['neither ids nor parts', { prefix: '' }],
    ['both', { prefix: '', ids: [], parts: Array.from({ length: 16 }, hex) }],
    ['too few parts', { prefix: '', parts: [hex()] }],
    ['more ids than it may', { prefix: '', ids: Array.from({ length: 33 }, hex) }],
    ['what is no id', { prefix: '', ids: ['x'] }],
  ])('refuses %s', async (_, difference) => {
    const lie = (name: string, params: Compare): unknown => {
      if (name !== 'gossip.compare') return { items: [] };
      if (difference !== null) return { differ: [difference] };
      const narrow = params.ranges.find(({ prefix }) => prefix !== '');
      return narrow === undefined
        ? { differ: [{ prefix: '', parts: Array.from({ length: 16 }, hex) }] }
        : { differ: [{ prefix: narrow.prefix, ids: [flipped(narrow.prefix) + hex().slice(1)] }] };
    };
    expect(await withLiar(lie)).toMatchObject({ code: 'CORRUPT' });
  });

  it('ends, and takes in nothing, whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue(), { minLength: 1, maxLength: 20 }), async (answers) => {
        let turn = 0;
        await withLiar(() => answers[turn++ % answers.length]);
      }),
      { numRuns: 100 },
    );
  });
});

function flipped(prefix: string): string {
  return prefix.startsWith('0') ? '1' : '0';
}

describe('when to compare', () => {
  function rig(linked: string[]) {
    const clock = new VirtualClock();
    const events = new EventBus(() => 0);
    const stop = new AbortController();
    const rounds: string[] = [];
    const outcome = { fails: false };
    const antiEntropy = new AntiEntropy({
      mesh: { neighbours: () => [], linked: () => linked as never[] },
      members: () => [],
      round: (peer) => {
        rounds.push(peer);
        return outcome.fails ? Promise.reject(new AppError('TIMEOUT', 'Slow.')) : Promise.resolve();
      },
      clock,
      events,
      log: silentLog,
      random: () => 0.5,
    });
    antiEntropy.start(stop.signal);
    return { clock, events, rounds, linked, antiEntropy, outcome, stop };
  }

  it('at once after the start, then every half minute, and not after the end', async () => {
    const { clock, rounds, stop } = rig([PEER]);
    await clock.advance(500);
    expect(rounds).toHaveLength(1);
    await clock.advance(29_000);
    expect(rounds).toHaveLength(1);
    await clock.advance(59_000);
    expect(rounds).toHaveLength(3);
    stop.abort();
    await clock.advance(600_000);
    expect(rounds).toHaveLength(3);
  });

  it('as soon as there is a link after being alone, and with a relay that has come back', async () => {
    const { clock, rounds, linked, events } = rig([]);
    await clock.advance(60_000);
    expect(rounds).toEqual([]);
    linked.push(PEER);
    await clock.advance(500);
    expect(rounds).toEqual([PEER]);
    const other = relayId(2);
    events.publish({ type: 'peer-joined', id: other, host: '127.0.0.1', port: 1 });
    await clock.advance(2000);
    expect(rounds).toEqual([PEER]);
    linked.push(other);
    await clock.advance(500);
    expect(rounds).toEqual([PEER, other]);
    linked.length = 0;
    await clock.advance(1000);
    linked.push(PEER);
    await clock.advance(500);
    expect(rounds).toEqual([PEER, other, PEER]);
  });

  it('with another one when the first fails, until one round has ended well', async () => {
    const { clock, rounds, outcome, antiEntropy } = rig([PEER, relayId(2), relayId(3)]);
    let first = false;
    void antiEntropy.firstRound.then(() => (first = true));
    outcome.fails = true;
    await clock.advance(2000);
    expect(new Set(rounds).size).toBeGreaterThan(1);
    expect(first).toBe(false);
    outcome.fails = false;
    await clock.advance(500);
    expect(first).toBe(true);
    const soFar = rounds.length;
    await clock.advance(10_000);
    expect(rounds).toHaveLength(soFar);
  });
});
