import { describe, expect, it } from 'vitest';
import type { ShownRelay } from '../../../../../web/state/network-history.ts';
import { hostOfNode } from '../../../../../web/ui/network/graph-items.ts';
import { pictureItems } from '../../../../../web/ui/network/picture-items.ts';
import type { PictureColours } from '../../../../../web/ui/network/picture-colours.ts';
import { idOf, networkRelay, snapshotOf } from '../../state/network-fixtures.ts';

const COLOURS = Object.fromEntries(
  ['surface', 'text', 'muted', 'line', 'accent', 'soft', 'good', 'warn', 'danger'].map((name) => [
    name,
    name,
  ]),
) as PictureColours;

const shown = (number: number, overrides: Partial<ShownRelay> = {}): ShownRelay => ({
  ...networkRelay(number),
  ...{ goneAtMs: null, joined: false, restoring: 0 },
  ...overrides,
});

function shapes(relays: readonly ShownRelay[]): unknown[] {
  return pictureItems(relays, [], null, COLOURS).nodes.map(({ shape }) => shape);
}

describe('the picture', () => {
  it('tells states by shape, not by colour alone', () => {
    const relays = [
      shown(1),
      shown(2, { state: 'suspect' }),
      shown(3, { state: 'gone', goneAtMs: 1 }),
      shown(4, { entry: true, capacityBytes: 0 }),
    ];
    expect(new Set(shapes(relays)).size).toBe(4);
  });

  it('says who has just come, who made copies, and who lies', () => {
    const relays = [shown(1, { joined: true }), shown(2, { restoring: 3 }), shown(3, { distrusted: true })];
    const labels = pictureItems(relays, [], null, COLOURS).nodes.map(({ label }) => label);
    expect(labels).toEqual([':8001\nJust joined', ':8002\nRestored 3 copies', ':8003\nLacks what it claims']);
  });

  it('brings out the links of the relay that was chosen', () => {
    const relays = [shown(1), shown(2), shown(3)];
    const { links } = snapshotOf(relays.map(({ id }) => networkRelay(Number.parseInt(id, 16))));
    const widths = (selected: string | null): unknown[] =>
      pictureItems(relays, links, selected, COLOURS).edges.map(({ width }) => width);
    const [plain] = widths(null);
    expect(widths(null)).toEqual([plain, plain]);
    const [chosen, other] = widths(idOf(1));
    expect(chosen).toBeGreaterThan(Number(plain));
    expect(other).toBe(plain);
  });

  it('tells a host’s name from a relay', () => {
    const relays = [shown(1), shown(2, { machine: 'other' })];
    const ids = pictureItems(relays, [], null, COLOURS).nodes.map(({ id }) => hostOfNode(id));
    expect(ids).toEqual([null, null, 'm', 'other']);
  });
});
