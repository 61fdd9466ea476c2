/** A file, its hosts and their relays as a picture: the file in the middle, one line to whoever holds parts of it. */
import {
  fontSizeFor,
  goneLook,
  hostLabel,
  hostNode,
  isCrowded,
  solidLook,
  CENTRE,
  FONT_FACE,
} from '../network/graph-items.ts';
import type { PictureEdge, PictureItems, PictureNode } from '../network/graph-items.ts';
import { layoutRelays } from '../network/layout.ts';
import type { PictureColours } from '../network/picture-colours.ts';
import type { MapHost, MapRelay } from '../../state/map-figures.ts';

export const FILE_NODE = 'file';

export interface MapPicture {
  /** Short enough for the middle, and harmless. */
  readonly fileName: string;
  readonly hosts: readonly MapHost[];
  readonly isFolded: (machine: string) => boolean;
  /** Whether a part was chosen: only its lines stand out. */
  readonly chosen: boolean;
}

const RELAY_SIZE = 12;
const HOST_SIZE = 18;
/** Room for a host's name and figures, or a relay's. */
const HOST_SPACING = 150;
const RELAY_SPACING = 84;
const MIN_LINE_WIDTH = 1;
const MAX_LINE_WIDTH = 9;
const FADED = 0.2;

/** One mark of the picture: a relay, or a host with all of its relays. */
interface Mark {
  readonly id: string;
  readonly host: string;
  readonly machine: string;
  readonly name: string;
  readonly figures: string;
  readonly chunks: number;
  readonly sole: number;
  readonly state: MapRelay['state'];
  readonly lost: boolean;
  readonly chosen: boolean;
  readonly isHost: boolean;
}

export function mapItems(
  { fileName, hosts, isFolded, chosen }: MapPicture,
  colours: PictureColours,
): PictureItems {
  const marks = hosts.flatMap((host) => (isFolded(host.machine) ? [markOfHost(host)] : marksOfRelays(host)));
  const crowded = isCrowded(marks.length);
  const layout = layoutRelays(marks, marks.some(({ isHost }) => isHost) ? HOST_SPACING : RELAY_SPACING);
  const fontSize = fontSizeFor(marks.length);
  const most = Math.max(1, ...marks.map(({ chunks }) => chunks));
  const nodes = marks.map((mark): PictureNode => {
    const strong = mark.chosen || mark.lost;
    return {
      id: mark.id,
      ...(layout.relays.get(mark.id) ?? CENTRE),
      ...lookOf(mark, colours),
      size: mark.isHost ? HOST_SIZE : RELAY_SIZE,
      borderWidth: strong ? 4 : 2,
      label: crowded && !mark.isHost ? mark.name : `${mark.name}\n${mark.figures}`,
      font: {
        ...{ face: FONT_FACE, size: fontSize },
        color: mark.lost ? colours.danger : mark.chosen ? colours.accent : colours.text,
        strokeWidth: 4,
        strokeColor: colours.surface,
      },
    };
  });
  const named = layout.hosts.filter(({ machine }) => !isFolded(machine));
  const file: PictureNode = {
    ...{ id: FILE_NODE, ...CENTRE, label: fileName, shape: 'box', borderWidth: 1 },
    color: { background: colours.soft, border: colours.accent },
    font: { face: FONT_FACE, size: fontSize, color: colours.text },
  };
  return {
    nodes: [file, ...nodes, ...named.map((host) => hostLabel(host, fontSize, colours))],
    edges: marks.filter(({ state }) => state !== 'gone').map((mark) => edgeTo(mark, most, chosen, colours)),
  };
}

function markOfHost(host: MapHost): Mark {
  const { machine, name, relays, chunks, sole, lost, chosen } = host;
  const live = relays.filter(({ state }) => state !== 'gone');
  const state =
    live.length === 0 ? 'gone' : live.some((relay) => relay.state === 'suspect') ? 'suspect' : 'alive';
  const count = `${live.length} ${live.length === 1 ? 'relay' : 'relays'}`;
  return {
    ...{ machine, chunks, sole, state, chosen },
    ...{ id: hostNode(machine), host: name, isHost: true, lost: lost === 'all' },
    ...{ name, figures: `${count} · ${parts(chunks)}` },
  };
}

function marksOfRelays({ machine, name, relays }: MapHost): Mark[] {
  return relays.map(({ id, port, name: address, chunks, sole, state, lost, chosen }) => ({
    ...{ id, machine, host: name, chunks, sole, state, lost, chosen, isHost: false },
    name: port === null ? address : `:${port}`,
    figures: state === 'gone' ? 'gone' : parts(chunks),
  }));
}

function lookOf(
  { state, lost, sole, isHost }: Mark,
  colours: PictureColours,
): Pick<PictureNode, 'shape' | 'color' | 'shapeProperties'> {
  if (lost || state === 'gone') return goneLook(colours);
  if (state === 'suspect') return solidLook('triangle', colours.warn);
  // What alone holds something is worth a look before it fails.
  return solidLook(isHost ? 'square' : 'dot', sole > 0 ? colours.warn : colours.good);
}

function edgeTo(
  { id, chunks, lost, chosen }: Mark,
  most: number,
  isChoosing: boolean,
  colours: PictureColours,
): PictureEdge {
  const share = Math.sqrt(chunks / most);
  return {
    id: FILE_NODE + id,
    from: FILE_NODE,
    to: id,
    dashes: lost ? [4, 6] : false,
    width: MIN_LINE_WIDTH + (MAX_LINE_WIDTH - MIN_LINE_WIDTH) * share,
    color: {
      color: lost ? colours.danger : chosen ? colours.accent : colours.muted,
      opacity: isChoosing ? (chosen ? 0.9 : FADED) : 0.55,
    },
  };
}

function parts(count: number): string {
  return `${count.toLocaleString()} ${count === 1 ? 'part' : 'parts'}`;
}
