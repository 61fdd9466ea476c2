import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../../shared/bytes.ts';
import { sha256Sync } from '../../../../shared/crypto/hash.ts';
import { parseChunkId, parseRelayId } from '../../../../shared/ids.ts';
import type { ChunkId } from '../../../../shared/ids.ts';
import { NEIGHBOURHOOD, REPLICAS } from '../../../../shared/limits.ts';
import type { Member } from '../../../../shared/placement/member.ts';
import { neighbourhood } from '../../../../shared/placement/neighbourhood.ts';
import { holdersOf, placementOrder } from '../../../../shared/placement/placement.ts';
import { negativeLog2, weightExponents } from '../../../../shared/placement/rendezvous.ts';

interface Vectors {
  costs: { hash: string; cost: number }[];
  placements: {
    name: string;
    members: { id: string; capacity: number; machine: string }[];
    keys: { key: string; order: string[] }[];
  }[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../vectors/placement.json', import.meta.url), 'utf8'),
) as Vectors;

const idArbitrary = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes));
const keyArbitrary = idArbitrary.map(parseChunkId);
const memberArbitrary: fc.Arbitrary<Member> = fc.record({
  id: idArbitrary.map(parseRelayId),
  capacity: fc.oneof(fc.constantFrom(0, 1, 10 ** 9, 10 ** 12), fc.maxSafeNat()),
  machine: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
});
const membersArbitrary = fc.uniqueArray(memberArbitrary, { maxLength: 60, selector: ({ id }) => id });

/** Reproducible members and keys for the statistics. */
const member = (name: string, capacity = 10 ** 10, machine = name): Member => ({
  id: parseRelayId(toHex(sha256Sync(new TextEncoder().encode(`relay ${name}`)))),
  capacity,
  machine,
});
const members = (count: number): Member[] => Array.from({ length: count }, (_, i) => member(String(i)));
const key = (n: number): ChunkId => parseChunkId(toHex(sha256Sync(new TextEncoder().encode(`key ${n}`))));

function loads(relays: readonly Member[], keys: number): Map<string, number> {
  const load = new Map(relays.map(({ id }) => [id as string, 0]));
  for (let n = 0; n < keys; n++) {
    for (const { id } of holdersOf(key(n), relays)) load.set(id, (load.get(id) ?? 0) + 1);
  }
  return load;
}

describe('vectors of an independent implementation (tests/vectors/placement.py)', () => {
  it.each(vectors.costs)('-log2 of $hash', ({ hash, cost }) => {
    expect(negativeLog2(fromHex(hash))).toBe(cost);
  });

  it.each(vectors.placements)('$name', ({ members: given, keys }) => {
    const parsed = given.map((each) => ({ ...each, id: parseRelayId(each.id) }));
    for (const { key: text, order } of keys) {
      expect(placementOrder(parseChunkId(text), parsed).map(({ id }) => id)).toEqual(order);
    }
  });
});

describe('placementOrder', () => {
  it('lists every storing member once, whatever order the members come in', () => {
    fc.assert(
      fc.property(
        membersArbitrary.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        keyArbitrary,
        ([all, shuffled], id) => {
          const order = placementOrder(id, all);
          expect(placementOrder(id, shuffled)).toEqual(order);
          expect(new Set(order)).toEqual(new Set(all.filter(({ capacity }) => capacity > 0)));
          expect(order).toHaveLength(new Set(order).size);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('names each host once before it names one a second time', () => {
    fc.assert(
      fc.property(membersArbitrary, keyArbitrary, (all, id) => {
        const order = placementOrder(id, all).slice(0, NEIGHBOURHOOD);
        const hosts = new Set(order.map(({ machine }) => machine));
        expect(new Set(order.slice(0, hosts.size).map(({ machine }) => machine))).toEqual(hosts);
      }),
    );
  });

  it('chooses holders among the 20 nearest by XOR', () => {
    fc.assert(
      fc.property(membersArbitrary, keyArbitrary, (all, id) => {
        const distance = ({ id: relay }: Member) => BigInt(`0x${relay}`) ^ BigInt(`0x${id}`);
        const nearest = all
          .filter(({ capacity }) => capacity > 0)
          .sort((a, b) => (distance(a) < distance(b) ? -1 : 1));
        expect(neighbourhood(id, all)).toEqual(nearest.slice(0, 20));
        const order = placementOrder(id, all);
        expect(new Set(order.slice(0, 20))).toEqual(new Set(nearest.slice(0, 20)));
        expect(order.slice(20)).toEqual(nearest.slice(20));
      }),
    );
  });

  it('moves nothing but what a relay that leaves had held', () => {
    // Own hosts and equal capacities: the order of the others among the candidates is then untouched by one that leaves.
    const all = members(12);
    for (let n = 0; n < 200; n++) {
      const before = placementOrder(key(n), all);
      const gone = before[n % before.length];
      const after = placementOrder(
        key(n),
        all.filter((each) => each !== gone),
      );
      expect(after).toEqual(before.filter((each) => each !== gone));
    }
  });

  it('moves about one part in n when a relay joins n - 1 others', () => {
    for (const count of [10, 50, 200]) {
      const before = members(count);
      const after = [...before, member('new')];
      let moved = 0;
      const keys = 2000;
      for (let n = 0; n < keys; n++) {
        const old = new Set(holdersOf(key(n), before).map(({ id }) => id));
        moved += holdersOf(key(n), after).filter(({ id }) => !old.has(id)).length;
      }
      // The newcomer takes 5/(n+1) replicas a key on average; beyond 20 relays it also pushes a neighbour out of as many.
      expect(moved / keys).toBeLessThan((REPLICAS / (count + 1)) * 3);
      expect(moved).toBeGreaterThan(0);
    }
  });
});

describe('capacity', () => {
  it('counts in powers of two, at most four times the median', () => {
    const exponents = (...capacities: number[]) =>
      weightExponents(capacities.map((c, i) => member(`${i}`, c)));
    expect(exponents(1, 1023, 1024, 2047)).toEqual([0, 9, 10, 10]);
    expect(exponents(8, 8, 8, 2 ** 50)).toEqual([3, 3, 3, 5]);
    expect(exponents(Number.MAX_SAFE_INTEGER)).toEqual([52]);
    expect(exponents()).toEqual([]);
  });

  it('draws first places in proportion', () => {
    // Among 8 relays of weight 1 and 2 of weight 4, each heavy one leads with 4/16.
    const relays = [...members(8), member('x', 4 * 10 ** 10), member('y', 4 * 10 ** 10)];
    const keys = 8000;
    let heavy = 0;
    for (let n = 0; n < keys; n++) {
      if ((placementOrder(key(n), relays)[0]?.capacity ?? 0) > 10 ** 10) heavy++;
    }
    expect(heavy / keys).toBeGreaterThan(0.48);
    expect(heavy / keys).toBeLessThan(0.52);
  });

  it('does not let one liar draw everything', () => {
    const relays = [...members(19), member('liar', Number.MAX_SAFE_INTEGER)];
    let led = 0;
    for (let n = 0; n < 2000; n++) if (placementOrder(key(n), relays)[0]?.machine === 'liar') led++;
    // 4 of 23 parts, against every key without the ceiling.
    expect(led / 2000).toBeLessThan(0.22);
  });
});

describe('load', () => {
  it.each([
    { count: 10, most: 1.08 },
    { count: 50, most: 1.35 },
    { count: 200, most: 1.85 },
  ])('is even over $count relays', ({ count, most }) => {
    const load = [...loads(members(count), 4000).values()];
    const mean = load.reduce((sum, each) => sum + each, 0) / load.length;
    expect(mean).toBeCloseTo((4000 * REPLICAS) / count);
    expect(Math.max(...load) / mean).toBeLessThan(most);
  });
});
