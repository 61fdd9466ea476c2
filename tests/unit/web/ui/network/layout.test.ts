import { describe, expect, it } from 'vitest';
import { layoutRelays } from '../../../../../web/ui/network/layout.ts';
import { networkRelay } from '../../state/network-fixtures.ts';

const relaysOn = (count: number, hosts: number) =>
  Array.from({ length: count }, (_, i) =>
    networkRelay(i, { machine: `m${i % hosts}`, host: `h${i % hosts}` }),
  );

describe('layoutRelays', () => {
  it.each([
    [1, 1],
    [2, 2],
    [7, 1],
    [24, 3],
    [25, 25],
    [50, 1],
    [50, 6],
    [200, 10],
  ])('%d relays on %d hosts stand apart, each host beside its own', (count, hosts) => {
    const relays = relaysOn(count, hosts);
    const layout = layoutRelays(relays);
    const points = [...layout.relays.values()];
    expect(points).toHaveLength(count);
    for (const [i, one] of points.entries()) {
      for (const other of points.slice(i + 1)) {
        expect(Math.hypot(one.x - other.x, one.y - other.y)).toBeGreaterThan(30);
      }
    }
    expect(layout.hosts).toHaveLength(hosts > 1 ? hosts : 0);
    const radius = Math.max(...points.map(({ x, y }) => Math.hypot(x, y)));
    for (const { x, y } of layout.hosts) expect(Math.hypot(x, y)).toBeGreaterThan(radius);
    expect(layoutRelays(relays)).toEqual(layout);
  });

  it.each([25, 50, 51, 52])(
    'of %d relays no two labels of one line touch, where the circle closes neither',
    (count) => {
      const points = [...layoutRelays(relaysOn(count, 1)).relays.values()];
      for (const [i, one] of points.entries()) {
        const next = points[(i + 1) % points.length];
        if (next !== undefined) expect(Math.hypot(one.x - next.x, one.y - next.y)).toBeGreaterThan(60);
      }
    },
  );

  it('has no place for nobody', () => {
    expect(layoutRelays([])).toEqual({ relays: new Map(), hosts: [] });
  });
});
