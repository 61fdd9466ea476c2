import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durability } from '../../../../../shared/engine/durability.ts';
import type { RelayId } from '../../../../../shared/ids.ts';
import { mapHosts } from '../../../../../web/state/map-figures.ts';
import { FILE_NODE, mapItems } from '../../../../../web/ui/map/map-items.ts';
import { lossWords } from '../../../../../web/ui/map/map-words.ts';
import { cellAt, stripGrid } from '../../../../../web/ui/map/strip-grid.ts';
import type { PictureColours } from '../../../../../web/ui/network/picture-colours.ts';
import { distributionOf, relayNumbered } from '../../../shared/engine/distributions.ts';

const COLOURS = Object.fromEntries(
  ['surface', 'text', 'muted', 'line', 'accent', 'soft', 'good', 'warn', 'danger'].map((name) => [
    name,
    name,
  ]),
) as PictureColours;
const NONE: ReadonlySet<RelayId> = new Set();

function items(options: { folded?: boolean; lost?: ReadonlySet<RelayId>; chosenChunk?: number | null } = {}) {
  const { folded = false, lost = NONE, chosenChunk = null } = options;
  const distribution = distributionOf([[0, 1, 3], [0, 1, 2], [0]], [2, 1, 1]);
  const sources = { distribution, relays: [], held: new Map<string, number>(), lost, chosenChunk };
  const hosts = mapHosts(sources);
  const isFolded = (): boolean => folded;
  return mapItems({ fileName: 'a.bin', hosts, isFolded, chosen: chosenChunk !== null }, COLOURS);
}

describe('the distribution map’s picture', () => {
  it('has a line from the file to each relay, the thicker the more it holds', () => {
    const { nodes, edges } = items();
    expect(nodes.filter(({ shape }) => shape === 'dot')).toHaveLength(4);
    expect(edges.every(({ from }) => from === FILE_NODE)).toBe(true);
    const widths = new Map(edges.map(({ to, width }) => [to, width]));
    const of = (position: number): number => widths.get(relayNumbered(position)) ?? 0;
    expect(of(0)).toBeGreaterThan(of(1));
    expect(of(1)).toBeGreaterThan(of(2));
  });

  it('shows hosts in place of their relays when they are folded', () => {
    const { nodes, edges } = items({ folded: true });
    expect(nodes.filter(({ shape }) => shape === 'square').map(({ label }) => label)).toEqual([
      '00000000\n2 relays · 3 parts',
      '00000000\n1 relay · 1 part',
      '00000000\n1 relay · 1 part',
    ]);
    expect(edges).toHaveLength(3);
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
  });

  it('tells by shape what is given up, and by colour what alone holds something', () => {
    const { nodes, edges } = items({ lost: new Set([relayNumbered(1)]) });
    const node = (position: number) => nodes.find(({ id }) => id === relayNumbered(position));
    expect(node(1)?.shape).toBe('triangleDown');
    expect(node(0)?.color?.background).toBe('warn');
    expect(node(2)?.color?.background).toBe('good');
    expect(edges.find(({ to }) => to === relayNumbered(1))?.dashes).not.toBe(false);
  });

  it('brings out the lines of the part that was chosen', () => {
    const { edges } = items({ chosenChunk: 2 });
    const strong = edges.filter(({ color }) => color.color === 'accent').map(({ to }) => to);
    expect(strong).toEqual([relayNumbered(0)]);
  });
});

describe('the words of a loss', () => {
  const distribution = distributionOf([
    [0, 1, 2, 3, 4, 5],
    [0, 1, 2, 3, 4],
    [0, 1, 2, 3, 4],
  ]);
  const words = (...positions: number[]) =>
    lossWords(
      durability(distribution, new Set(positions.map(relayNumbered))),
      durability(distribution),
      positions.length,
      3,
    );

  it('go from nothing over fewer copies to lost parts', () => {
    expect(words(5)).toEqual({
      tone: 'good',
      title: 'Without 1 relay',
      text: 'Every part would still be on 5 relays.',
    });
    expect(words(0, 1)).toMatchObject({ tone: 'good', title: 'Without 2 relays' });
    expect(words(0, 1).text).toMatch(/could still be read, and any 2 more relays could fail. 3 parts/);
    expect(words(0, 1, 2, 3)).toMatchObject({ tone: 'warn' });
    expect(words(0, 1, 2, 3).text).toMatch(/the next relay to fail may take parts/);
    expect(words(0, 1, 2, 3, 4)).toEqual({
      tone: 'danger',
      title: 'Without 5 relays',
      text: '2 parts of 3 would be lost, and the file could not be opened any more.',
    });
  });
});

describe('the strip', () => {
  it('has a cell for each part, within its width, and finds each by its middle', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 200, max: 1200 }), (count, width) => {
        const grid = stripGrid(count, width);
        expect(grid.columns * grid.rows).toBeGreaterThanOrEqual(count);
        expect(grid.columns * grid.cell).toBeLessThanOrEqual(width);
        const last = count - 1;
        const x = ((last % grid.columns) + 0.5) * grid.cell;
        const y = (Math.floor(last / grid.columns) + 0.5) * grid.cell;
        expect(cellAt(grid, count, x, y)).toBe(last);
        expect(cellAt(grid, count, x, y + grid.cell)).toBeNull();
        expect(cellAt(grid, count, grid.columns * grid.cell + 1, 1)).toBeNull();
      }),
      { numRuns: 50 },
    );
  });

  it('of nothing is nothing', () => {
    expect(stripGrid(0, 300).rows).toBe(0);
    expect(cellAt(stripGrid(0, 300), 0, 1, 1)).toBeNull();
  });
});
