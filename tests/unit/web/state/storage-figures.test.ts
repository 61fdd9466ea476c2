import { describe, expect, it } from 'vitest';
import { MAX_CHUNK_BYTES } from '../../../../shared/limits.ts';
import {
  fullShare,
  hostsBySpace,
  savedShare,
  spaceOf,
  spaceTotals,
} from '../../../../web/state/storage-figures.ts';
import { NetworkHistory } from '../../../../web/state/network-history.ts';
import type { ShownRelay } from '../../../../web/state/network-history.ts';
import type { NetworkRelay } from '../../../../web/state/engine-types.ts';
import { networkRelay, snapshotOf } from './network-fixtures.ts';

const GIB = 2 ** 30;

function shown(...relays: NetworkRelay[]): ShownRelay[] {
  return new NetworkHistory().update(snapshotOf(relays), 0);
}

function relay(
  number: number,
  used: number,
  room: number | undefined,
  rest: Partial<NetworkRelay> = {},
): NetworkRelay {
  const report = { version: '0.1.0', used, chunks: number, restored: 0 };
  return networkRelay(number, {
    capacityBytes: GIB,
    report: room === undefined ? report : { ...report, room },
    ...rest,
  });
}

describe('a relay', () => {
  it.each([
    ['with room', 0, GIB, 'none'],
    ['that has used what it lends', GIB - 5, 5, 'lent'],
    ['whose disk is full', GIB / 2, MAX_CHUNK_BYTES - 1, 'disk'],
    ['whose disk has less than it lends', 0, GIB / 3, 'disk-soon'],
    ['that takes some chunks at this moment', 0, GIB - 100 * MAX_CHUNK_BYTES, 'none'],
    ['that is older than that word', 5, undefined, 'none'],
  ] as const)('%s', (_what, used, room, limit) => {
    const [only] = shown(relay(1, used, room));
    if (only === undefined) throw new Error('no relay');
    expect(spaceOf(only)).toMatchObject({ limit, usedBytes: used, freeBytes: room ?? GIB - used });
  });

  it('that has said nothing is not called empty', () => {
    const [only] = shown(networkRelay(1, { report: null }));
    if (only === undefined) throw new Error('no relay');
    expect(spaceOf(only)).toMatchObject({ usedBytes: null, freeBytes: null, limit: 'none' });
  });
});

describe('machines', () => {
  const relays = shown(
    relay(2, 30, 10, { machine: 'a', host: '10.0.0.9' }),
    relay(10, 10, 90, { machine: 'a', host: '10.0.0.9' }),
    relay(3, 50, 20, { machine: 'b', host: '10.0.0.10' }),
    relay(4, 99, 99, { machine: 'c', host: '10.0.0.1', capacityBytes: 0 }),
  );
  const namesBy = (column: 'relay' | 'used' | 'free' | 'chunks', descending: boolean): string[] =>
    hostsBySpace(relays, { column, descending }).flatMap(({ name, relays: own }) => [
      name,
      ...own.map(({ relay: { port } }) => String(port)),
    ]);

  it('have their relays, ordered by the same figure as they are', () => {
    expect(namesBy('relay', false)).toEqual(['10.0.0.9', '8002', '8010', '10.0.0.10', '8003']);
    expect(namesBy('used', true)).toEqual(['10.0.0.10', '8003', '10.0.0.9', '8002', '8010']);
    expect(namesBy('free', true)).toEqual(['10.0.0.9', '8010', '8002', '10.0.0.10', '8003']);
    expect(namesBy('chunks', false)).toEqual(['10.0.0.10', '8003', '10.0.0.9', '8002', '8010']);
  });

  it('are summed, and those that lend nothing are left out', () => {
    const [first] = hostsBySpace(relays, { column: 'relay', descending: false });
    expect(first).toMatchObject({ usedBytes: 40, freeBytes: 100, lentBytes: 2 * GIB, chunks: 12 });
    expect(spaceTotals(relays)).toMatchObject({
      relays: 3,
      usedBytes: 90,
      lentBytes: 3 * GIB,
      chunks: 15,
      full: 3,
    });
  });
});

describe('what files take', () => {
  const usage = {
    ...{ files: 1, blocks: 4, plainBytes: 400, foundPlainBytes: 200, storedBytes: 50, copiesBytes: 250 },
    ...{ byCopies: [2, 0, 0, 0, 1, 1], complete: true },
  };

  it('is compared with what was found', () => {
    expect(savedShare(usage)).toBe(0.75);
    expect(savedShare({ ...usage, storedBytes: 210 })).toBe(0);
    expect(savedShare({ ...usage, foundPlainBytes: 0, storedBytes: 0 })).toBeNull();
  });

  it('has all copies as far as they were found', () => {
    expect(fullShare(usage)).toBe(0.25);
    expect(fullShare({ ...usage, blocks: 0 })).toBeNull();
  });
});
