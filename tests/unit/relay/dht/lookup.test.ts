import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byDistanceTo, sharedBits } from '../../../../relay/services/dht/distance.ts';
import { RoutingTable } from '../../../../relay/services/dht/routing-table.ts';
import { DHT_BUCKET, MAX_LOOKUP_ASKS, MAX_LOOKUP_DIALS } from '../../../../shared/limits.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { DhtSwarm, idFor } from './dht-rig.ts';
import type { DhtRelay } from './dht-rig.ts';

const signal = new AbortController().signal;

/** Each relay joins by one that is there already, and looks up itself, as relays do: nobody knows all. */
async function partialSwarm(count: number): Promise<DhtSwarm> {
  const swarm = new DhtSwarm();
  for (let i = 0; i < count; i++) {
    const relay = swarm.add();
    const entry = swarm.relays[(i * 7) % Math.max(1, i)];
    if (entry !== undefined) relay.meet(entry);
    await relay.node.lookup(relay.id, signal);
  }
  return swarm;
}

describe('the routing table', () => {
  const ids = Array.from({ length: 400 }, (_, i) => idFor(i));
  const self = idFor('self');

  it('gives the nearest of what it holds, and holds k for each shared prefix', () => {
    const table = new RoutingTable(self, 8);
    const held = ids.filter((id) => table.add(id));
    expect(table.size).toBe(held.length);
    expect(table.closest(idFor('x'), 10)).toEqual(byDistanceTo(idFor('x'), (id) => id, held).slice(0, 10));
    // Half of all ids differ in the first bit: eight of them are kept.
    const first = (id: string): string => BigInt(`0x${id}`).toString(2).padStart(256, '0').slice(0, 1);
    expect(held.filter((id) => first(id) !== first(self))).toHaveLength(8);
    expect(table.add(self)).toBe(false);
  });

  it('fills a place that is free with another of the same prefix', () => {
    const table = new RoutingTable(self, 8);
    const held = ids.filter((id) => table.add(id));
    const size = table.size;
    const [gone] = held;
    if (gone === undefined) throw new Error('empty');
    table.replace(gone, ids);
    expect(table.has(gone)).toBe(false);
    expect(table.size).toBe(size);
  });

  it('leaves no prefix empty of which it has met a relay, whatever the order they came in', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(ids, { minLength: 100 }), (order) => {
        const table = new RoutingTable(self);
        for (const id of order) table.add(id);
        const byPrefix = Map.groupBy(order, (id) => sharedBits(self, id));
        for (const met of byPrefix.values()) {
          const held = met.filter((id) => table.has(id));
          expect(held).toEqual(met.slice(0, DHT_BUCKET));
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe('a lookup among 200 relays that each know some', () => {
  it('finds every one of them from anywhere, in few hops', async () => {
    using swarm = await partialSwarm(200);
    const known = swarm.relays.map(({ view }) => view.list().length);
    expect(Math.min(...known)).toBeLessThan(60);
    const hops: number[] = [];
    for (const [index, relay] of swarm.relays.entries()) {
      const target = swarm.relays[(index * 73 + 41) % 200];
      if (target === undefined || target === relay) continue;
      const result = await relay.node.lookup(target.id, signal);
      expect(result.found).toBe(true);
      expect(result.nearest[0]).toBe(target.id);
      hops.push(result.hops);
    }
    const mean = hops.reduce((a, b) => a + b, 0) / hops.length;
    // log2(200) = 7.6 is Kademlia's bound; each hop gains several bits.
    expect(Math.max(...hops)).toBeLessThanOrEqual(8);
    expect(mean).toBeLessThan(4);
    console.info(`lookup hops among 200 partial tables: mean ${mean.toFixed(2)}, max ${Math.max(...hops)}`);
  });

  it('gives the nearest relays to any key, and makes members of them', async () => {
    using swarm = await partialSwarm(200);
    for (const from of swarm.relays.slice(0, 20)) {
      const key = idFor(`key ${from.id}`);
      const nearest = byDistanceTo(
        key,
        (id) => id,
        swarm.relays.map(({ id }) => id),
      ).filter((id) => id !== from.id);
      const { nearest: found } = await from.node.lookup(key, signal);
      expect(found.slice(0, 5)).toEqual(nearest.slice(0, 5));
      for (const id of found) expect(from.view.get(id)).toBeDefined();
    }
  });

  it('does not find who is not there, and ends', async () => {
    using swarm = await partialSwarm(200);
    const result = await swarm.relays[0]?.node.lookup(idFor('nobody'), signal);
    expect(result).toMatchObject({ found: false });
    expect(result?.asked).toBeLessThanOrEqual(MAX_LOOKUP_ASKS);
  });

  it('finds those that live after a third has died without a word', async () => {
    using swarm = await partialSwarm(200);
    swarm.relays.forEach((relay, index) => (relay.alive = index % 3 !== 0));
    let found = 0;
    const live = swarm.live();
    for (const [index, relay] of live.entries()) {
      const target = live[(index * 29 + 7) % live.length];
      if (target === undefined) continue;
      if ((await relay.node.lookup(target.id, signal)).found) found++;
    }
    expect(found).toBe(live.length);
  });
});

describe('a lookup among liars', () => {
  const evil = (swarm: DhtSwarm, relay: DhtRelay, answer: (target: string) => unknown): void => {
    relay.meddler = (method, params) =>
      method === 'dht.find-node' ? answer((params as { target: string }).target) : undefined;
    expect(swarm.relays).toContain(relay);
  };

  it('outlives relays that invent nearer ones, and dials few of them', async () => {
    using swarm = await partialSwarm(100);
    // 20 liars name 20 relays each, all nearer to the target than anyone, at addresses where nobody is.
    for (const liar of swarm.relays.slice(80)) {
      evil(swarm, liar, (target) => ({
        relays: Array.from({ length: 20 }, (_, i) => ({
          id: target.slice(0, 60) + (i * 97 + liar.view.self.link).toString(16).padStart(4, '0'),
          host: '10.9.9.9',
          link: 1,
        })),
      }));
    }
    for (const from of swarm.relays.slice(0, 10)) {
      const before = from.introductions;
      const target = swarm.relays[70];
      const result = await from.node.lookup(target?.id ?? '', signal);
      expect(result.found).toBe(true);
      expect(result.asked).toBeLessThanOrEqual(MAX_LOOKUP_ASKS);
      expect(from.introductions - before).toBeLessThanOrEqual(MAX_LOOKUP_DIALS);
    }
  });

  it('takes junk for silence: no ids, names as hosts, ports out of range, too many, nothing', async () => {
    using swarm = await partialSwarm(40);
    const junk: unknown[] = [
      null,
      { relays: 'all' },
      { relays: [{ id: 'x', host: 'h', link: 1 }] },
      { relays: [{ id: idFor(1), host: 'h'.repeat(1000), link: 1 }] },
      { relays: [{ id: idFor(1), host: '10.0.0.1', link: 70_000 }] },
      { relays: Array.from({ length: 21 }, () => ({ id: idFor(1), host: '10.0.0.1', link: 1 })) },
    ];
    swarm.relays.slice(20, 26).forEach((liar, index) => evil(swarm, liar, () => junk[index] ?? {}));
    for (const from of swarm.relays.slice(0, 5)) {
      const target = swarm.relays[30];
      expect(await from.node.lookup(target?.id ?? '', signal)).toMatchObject({ found: true });
    }
  });

  it('goes on without relays that never answer, by its own clock', async () => {
    using swarm = await partialSwarm(120);
    const target = swarm.relays.at(-1) as DhtRelay;
    const [from] = swarm.relays.filter(({ view }) => view.get(target.id) === undefined) as [DhtRelay];
    // Those that it would ask first.
    const silent = byDistanceTo(target.id, ({ id }) => id, from.view.list()).slice(0, 4);
    for (const { id } of silent) swarm.get(id).meddler = () => new Promise(() => undefined);
    const done = from.node.lookup(target.id, signal);
    // Two rounds of questions time out, by the deadline of one question each and not of the lookup.
    for (let waitedMs = 0; waitedMs < 6000; waitedMs += 500) await swarm.clock.advance(500);
    const { found, hops } = await done;
    expect(found).toBe(true);
    expect(hops).toBeGreaterThan(0);
  });

  it('ends in time when nobody at all answers, and with its caller', async () => {
    using swarm = await partialSwarm(40);
    const [from, target] = swarm.relays as [DhtRelay, DhtRelay];
    for (const relay of swarm.relays) if (relay !== from) relay.meddler = () => new Promise(() => undefined);
    const done = from.node.lookup(target.id, signal);
    await swarm.clock.advance(10_000);
    expect(await done).toMatchObject({ found: false, nearest: [] });
    const caller = new AbortController();
    const left = from.node.lookup(target.id, caller.signal);
    caller.abort();
    await expect(left).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('never calls this relay its own neighbour, and finds itself at once', async () => {
    using swarm = await partialSwarm(30);
    const [from] = swarm.relays as [DhtRelay];
    const { nearest, found, hops } = await from.node.lookup(from.id, signal);
    expect(nearest).not.toContain(from.id);
    expect({ found, hops }).toEqual({ found: true, hops: 0 });
    const all: RelayId[] = swarm.relays.map(({ id }) => id).filter((id) => id !== from.id);
    expect(nearest).toEqual(byDistanceTo(from.id, (id) => id, all).slice(0, DHT_BUCKET));
  });
});
