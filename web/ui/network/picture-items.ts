/** Relays and links as vis-network draws them. States differ in shape as well as in colour. */
import { CENTRE, FONT_FACE, fontSizeFor, goneLook, hostLabel, solidLook } from './graph-items.ts';
import type { PictureEdge, PictureItems, PictureNode } from './graph-items.ts';
import { layoutRelays } from './layout.ts';
import type { PictureColours } from './picture-colours.ts';
import { marksOf } from './relay-words.ts';
import type { NetworkLink } from '../../state/engine-types.ts';
import type { ShownRelay } from '../../state/network-history.ts';

const RELAY_SIZE = 12;
const LINE_WIDTH = 1.25;
const STRONG_LINE_WIDTH = 3;
/** Of what has nothing to do with the selected relay. */
const FADED = 0.25;

export function pictureItems(
  relays: readonly ShownRelay[],
  links: readonly NetworkLink[],
  selectedId: string | null,
  colours: PictureColours,
): PictureItems {
  const layout = layoutRelays(relays);
  const fontSize = fontSizeFor(relays.length);
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
  const hosts = layout.hosts.map((host) => hostLabel(host, fontSize, colours));
  return {
    nodes: [...nodes, ...hosts],
    edges: links.map((link) => edgeOf(link, selectedId, colours)),
  };
}

function look(
  { state, capacityBytes, entry }: ShownRelay,
  colours: PictureColours,
): Pick<PictureNode, 'shape' | 'color' | 'shapeProperties'> {
  const { surface, accent, good, warn } = colours;
  if (state === 'gone') return goneLook(colours);
  if (state === 'suspect') return solidLook('triangle', warn);
  const shape = entry ? 'diamond' : 'dot';
  return capacityBytes === 0 ? solidLook(shape, surface, accent) : solidLook(shape, good);
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
