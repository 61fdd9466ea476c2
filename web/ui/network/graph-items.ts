/** What a picture is made of, as far as vis-network's nodes and edges are used here. */
import type { PictureColours } from './picture-colours.ts';

export interface PictureNode {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly label: string;
  readonly shape: 'dot' | 'diamond' | 'square' | 'triangle' | 'triangleDown' | 'box' | 'text';
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

export interface PictureEdge {
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

type Look = Required<Pick<PictureNode, 'shape' | 'color' | 'shapeProperties'>>;

export const FONT_FACE = 'system-ui, sans-serif';
export const CENTRE = { x: 0, y: 0 };
const FONT_SIZE = 13;
/** Where many are fitted into the frame, all becomes smaller. */
const LARGE_FONT_SIZE = 17;
const MANY_NODES = 24;
/** Ids of hosts begin with this; relays' are hex. */
const HOST_PREFIX = 'host:';

/** Too many for more than a port under each. */
export function isCrowded(nodes: number): boolean {
  return nodes > MANY_NODES;
}

export function fontSizeFor(nodes: number): number {
  return isCrowded(nodes) ? LARGE_FONT_SIZE : FONT_SIZE;
}

export function hostNode(machine: string): string {
  return HOST_PREFIX + machine;
}

/** The host that a node stands for; null for a relay's. */
export function hostOfNode(nodeId: string): string | null {
  return nodeId.startsWith(HOST_PREFIX) ? nodeId.slice(HOST_PREFIX.length) : null;
}

/** A host's name beside its relays. */
export function hostLabel(
  { machine, name, x, y }: { machine: string; name: string; x: number; y: number },
  fontSize: number,
  colours: PictureColours,
): PictureNode {
  return {
    ...{ id: hostNode(machine), label: name, shape: 'text', x, y },
    font: { face: FONT_FACE, size: fontSize + 2, color: colours.muted },
  };
}

/** One that has gone, or would. */
export function goneLook({ surface, danger }: PictureColours): Look {
  return {
    shape: 'triangleDown',
    color: { background: surface, border: danger },
    shapeProperties: { borderDashes: [4, 3] },
  };
}

export function solidLook(shape: Look['shape'], background: string, border = background): Look {
  return { shape, color: { background, border }, shapeProperties: { borderDashes: false } };
}
