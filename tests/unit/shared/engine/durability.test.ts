import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileDistribution } from '../../../../shared/engine/distribution.ts';
import { copiesLeft, durability, enoughRelays, shares } from '../../../../shared/engine/durability.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { distributionOf, relayNumbered } from './distributions.ts';

const HOSTS = [2, 1, 3, 1];
const RELAYS = 7;

/** Files of few chunks on seven relays of four hosts, every way of lying there. */
const distributions = fc
  .array(fc.uniqueArray(fc.nat({ max: RELAYS - 1 }), { maxLength: 6 }), { minLength: 1, maxLength: 6 })
  .map((holders) => distributionOf(holders, HOSTS));

function subsets<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length }, (_, mask) =>
    all.filter((_each, i) => (mask >> i) % 2 === 1),
  );
}

/** Whether every chunk is on a relay that is not lost, found out one by one. */
function readableWithout({ relays, chunks }: FileDistribution, lost: ReadonlySet<RelayId>): boolean {
  return chunks.every(({ holders }) =>
    holders.some((holder) => {
      const relay = relays[holder];
      return relay !== undefined && !lost.has(relay.id);
    }),
  );
}

/** By trying all: the greatest number such that the loss of any so many leaves everything readable; null when nothing is. */
function spareByTrying<T>(all: readonly T[], isReadable: (lost: readonly T[]) => boolean): number | null {
  const tried = subsets(all);
  for (let count = 0; count <= all.length; count++) {
    if (!tried.filter((lost) => lost.length === count).every(isReadable))
      return count === 0 ? null : count - 1;
  }
  return all.length;
}

describe('durability', () => {
  it('spare relays and hosts are what trying every loss finds', () => {
    fc.assert(
      fc.property(distributions, (distribution) => {
        const { spareRelays, spareHosts } = durability(distribution);
        const ids = distribution.relays.map(({ id }) => id);
        expect(spareRelays).toBe(spareByTrying(ids, (lost) => readableWithout(distribution, new Set(lost))));
        const machines = [...new Set(distribution.relays.map(({ machine }) => machine))];
        const onHosts = (lost: readonly string[]): Set<RelayId> =>
          new Set(distribution.relays.filter(({ machine }) => lost.includes(machine)).map(({ id }) => id));
        expect(spareHosts).toBe(
          spareByTrying(machines, (lost) => readableWithout(distribution, onHosts(lost))),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('a loss leaves what is left without the lost relays', () => {
    const relay = fc.nat({ max: RELAYS - 1 }).map(relayNumbered);
    fc.assert(
      fc.property(distributions, fc.uniqueArray(relay), (distribution, ids) => {
        const lost = new Set(ids);
        const rest: FileDistribution = {
          ...distribution,
          chunks: distribution.chunks.map(({ index, holders }) => ({
            index,
            holders: holders.filter((holder) => !lost.has(relayNumbered(holder))),
          })),
        };
        expect(durability(distribution, lost)).toEqual(durability(rest));
        expect(shares(distribution, lost)).toEqual(shares(rest));
        expect(copiesLeft(distribution, lost)).toEqual(rest.chunks.map(({ holders }) => holders.length));
      }),
    );
  });

  it('sole chunks are those that the loss of that relay or host alone takes away', () => {
    fc.assert(
      fc.property(distributions, (distribution) => {
        const { relays, hosts } = shares(distribution);
        const { lost: lostBefore } = durability(distribution);
        const more = (lost: readonly RelayId[]): number =>
          durability(distribution, new Set(lost)).lost - lostBefore;
        distribution.relays.forEach(({ id }, i) => expect(relays[i]?.sole).toBe(more([id])));
        for (const [machine, { sole }] of hosts) {
          const there = distribution.relays.filter((relay) => relay.machine === machine);
          expect(sole).toBe(more(there.map(({ id }) => id)));
        }
      }),
    );
  });

  it('counts chunks by their copies', () => {
    const distribution = distributionOf([[0, 1, 2, 3, 4], [0, 1, 2, 3, 4, 5], [0, 5], []]);
    expect(durability(distribution)).toMatchObject({
      byCopies: [1, 0, 1, 0, 0, 2],
      fewestCopies: 0,
      lost: 1,
      short: 2,
    });
    expect(shares(distribution).relays[0]).toEqual({ chunks: 3, sole: 0 });
  });

  it('an empty file lacks nothing', () => {
    expect(durability(distributionOf([]))).toEqual({
      byCopies: [0, 0, 0, 0, 0, 0],
      fewestCopies: 5,
      fewestHosts: 5,
      spareRelays: 4,
      spareHosts: 4,
      lost: 0,
      short: 0,
    });
    expect(enoughRelays(distributionOf([]))).toEqual([]);
  });
});

describe('enoughRelays', () => {
  it('hold everything that anybody holds, and none of them is there for nothing', () => {
    fc.assert(
      fc.property(distributions, (distribution) => {
        const enough = enoughRelays(distribution);
        const others = distribution.relays.map(({ id }) => id).filter((id) => !enough.includes(id));
        expect(durability(distribution, new Set(others)).lost).toBe(durability(distribution).lost);
        expect(new Set(enough).size).toBe(enough.length);
      }),
    );
  });

  it('one is enough where one has it all', () => {
    expect(enoughRelays(distributionOf([[0, 2], [1, 2], [2]]))).toEqual([relayNumbered(2)]);
  });
});
