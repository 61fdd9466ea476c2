/** Relays and links as vis-network draws them. States differ in shape as well as in colour. */
import { MANY_RELAYS, layoutRelays } from './layout.ts';
import type { PictureColours } from './picture-colours.ts';
import { marksOf } from './relay-words.ts';
import type { NetworkLink } from '../../state/engine-types.ts';
import type { ShownRelay } from '../../state/network-history.ts';

/** As far as vis-network's nodes are used here. */
interface PictureNode {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly label: string;
  readonly shape: 'dot' | 'diamond' | 'triangle' | 'triangleDown' | 'text';
  readonly font: {
    readonly face: string;
    readonly size: number;
    readonly color: string;
    readonly strokeWidth?: number;
    readonly strokeColor?: string;
  };
  readonly color?: { readonly background: string; readonly border: string };
  readonly shapeProperties?: { readonly borderDashes: false | number[] };
  readonly size?: number;
  readonly borderWidth?: number;
}

/** As far as its edges are. */
interface PictureEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly dashes: false | number[];
  readonly width: number;
  readonly color: { readonly color: string; readonly opacity: number };
}

export interface PictureItems {
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
}

const CENTRE = { x: 0, y: 0 };
const RELAY_SIZE = 12;
const FONT_SIZE = 13;
/** Where many are fitted into the frame, all becomes smaller. */
const LARGE_FONT_SIZE = 17;
const FONT_FACE = 'system-ui, sans-serif';
const LINE_WIDTH = 1.25;
const STRONG_LINE_WIDTH = 3;
/** Of what has nothing to do with the selected relay. */
const FADED = 0.25;

/** Ids of hosts' labels begin with this; relays' are hex. */
const HOST_PREFIX = 'host:';

/** The relay that a node stands for; null for a host's label. */
export function relayOfNode(nodeId: string): string | null {
  return nodeId.startsWith(HOST_PREFIX) ? null : nodeId;
}

export function pictureItems(
  relays: readonly ShownRelay[],
  links: readonly NetworkLink[],
  selectedId: string | null,
  colours: PictureColours,
): PictureItems {
  const layout = layoutRelays(relays);
  const fontSize = relays.length > MANY_RELAYS ? LARGE_FONT_SIZE : FONT_SIZE;
  const nodes = relays.map((relay): PictureNode => {
    const chosen = relay.id === selectedId;
    const marked = relay.joined || relay.restoring > 0;
    return {
      id: relay.id,
      ...(layout.relays.get(relay.id) ?? CENTRE),
      ...look(relay, colours),
      size: chosen ? RELAY_SIZE * 1.4 : RELAY_SIZE,
      borderWidth: chosen || marked ? 4 : 2,
      label: [`:${relay.port}`, ...marksOf(relay).map(({ text }) => text)].join('\n'),
      font: {
        ...{ face: FONT_FACE, size: fontSize },
        color: chosen || marked ? colours.accent : colours.text,
        strokeWidth: 4,
        strokeColor: colours.surface,
      },
    };
  });
  const hosts = layout.hosts.map(({ machine, name, x, y }): PictureNode => ({
    ...{ id: HOST_PREFIX + machine, label: name, shape: 'text', x, y },
    font: { face: FONT_FACE, size: fontSize + 2, color: colours.muted },
  }));
  return {
    nodes: [...nodes, ...hosts],
    edges: links.map((link) => edgeOf(link, selectedId, colours)),
  };
}

function look(
  { state, capacityBytes, entry }: ShownRelay,
  { surface, accent, good, warn, danger }: PictureColours,
): Pick<PictureNode, 'shape' | 'color' | 'shapeProperties'> {
  if (state === 'gone') {
    return {
      shape: 'triangleDown',
      color: { background: surface, border: danger },
      shapeProperties: { borderDashes: [4, 3] },
    };
  }
  const solid = { shapeProperties: { borderDashes: false as const } };
  if (state === 'suspect') return { ...solid, shape: 'triangle', color: { background: warn, border: warn } };
  const hollow = capacityBytes === 0;
  return {
    ...solid,
    shape: entry ? 'diamond' : 'dot',
    color: { background: hollow ? surface : good, border: hollow ? accent : good },
  };
}

function edgeOf(
  { a, b, mesh }: NetworkLink,
  selectedId: string | null,
  colours: PictureColours,
): PictureEdge {
  const chosen = a === selectedId || b === selectedId;
  return {
    id: a + b,
    from: a,
    to: b,
    dashes: mesh ? false : [3, 5],
    width: chosen && mesh ? STRONG_LINE_WIDTH : LINE_WIDTH,
    color: {
      color: chosen ? colours.accent : mesh ? colours.muted : colours.line,
      opacity: chosen || selectedId === null ? (mesh ? 0.75 : 0.5) : FADED,
    },
  };
}
