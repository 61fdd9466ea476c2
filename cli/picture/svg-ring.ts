/** The ring of relays as SVG, around the origin. */
import { middleEllipsis } from '../../shared/safe-name.ts';
import { FILE } from './picture.ts';
import type { Picture, PictureRelay } from './picture.ts';
import { polar, ringOf } from './ring.ts';
import type { Point, Ring, RingHost, RingRelay } from './ring.ts';
import { relayMark } from './svg-marks.ts';
import { px, svgText, textWidth, xml } from './svg-text.ts';

export interface Drawing {
  readonly parts: readonly string[];
  /** How far it reaches to each side. */
  readonly halfWidth: number;
  /** How far it reaches up and down. */
  readonly halfHeight: number;
}

interface Label {
  readonly relay: string;
  readonly figures: string;
  readonly width: number;
}

const LABEL_SIZE = 12;
const HOST_SIZE = 13;
const FILE_SIZE = 14;
/** From the ring to its labels, and from these to the names of hosts. */
const GAP = 20;
const LEVEL_LINE = 15;
const MAX_LABEL_CHARS = 28;
/** How far links across the middle bend towards it; short ones bend less. */
const BEND = 0.75;
/** How far a host's band reaches beyond its first and last relay, along the ring. */
const BAND_END = 2;
const MAX_SPOKE = 10;
/** All spokes side by side; more would fill the middle. */
const SPOKES = 400;
/** Below this cosine a label that is level stands above or below the ring; beside it, it would run into its neighbours'. */
const STEEP = 0.1;

export function drawRing(picture: Picture): Drawing {
  const ring = ringOf(picture.hosts);
  const grouped = picture.hosts.length > 1 && picture.hosts.some(({ relays }) => relays.length > 1);
  // Labels like spokes have no room for whole addresses.
  const named = ring.radial && grouped ? ring.hosts : [];
  const isShort = picture.hosts.length === 1 || named.length > 0;
  const labels = new Map(ring.relays.map(({ relay }) => [relay.id, labelOf(relay, isShort, ring.radial)]));
  const reachOf = (relays: readonly PictureRelay[]): number =>
    ring.radius + GAP + Math.max(0, ...relays.map(({ id }) => labels.get(id)?.width ?? 0));
  const reach = reachOf(ring.relays.map(({ relay }) => relay));
  const nameWidth = Math.max(0, ...named.map(({ host }) => textWidth(short(host.name), HOST_SIZE) + GAP));
  const points = new Map(ring.relays.map(({ relay, angle }) => [relay.id, polar(angle, ring.radius)]));
  points.set(FILE, { x: 0, y: 0 });
  return {
    parts: [
      ...(grouped ? ring.hosts.map((host) => band(host, ring)) : []),
      ...linesOf(picture, points, ring.radius),
      ...fileBox(picture.file),
      ...ring.relays.map((each) => relayOf(each, ring, labels.get(each.relay.id))),
      ...named.map((each) => hostName(each, reachOf(each.host.relays))),
    ],
    halfWidth: reach + nameWidth,
    halfHeight: ring.radial ? reach + (named.length > 0 ? GAP + HOST_SIZE : 0) : ring.radius + 3 * LEVEL_LINE,
  };
}

function short(text: string): string {
  return middleEllipsis(text, MAX_LABEL_CHARS);
}

function labelOf({ name, address, figures }: PictureRelay, isShort: boolean, radial: boolean): Label {
  const relay = short(isShort ? name : address);
  const width = radial
    ? textWidth(`${relay}  ${figures}`, LABEL_SIZE)
    : Math.max(textWidth(relay, LABEL_SIZE), textWidth(figures, LABEL_SIZE));
  return { relay, figures, width };
}

/** What holds a host's relays together. */
function band({ from, to }: RingHost, { radius }: Ring): string {
  const end = BAND_END / radius;
  const [a, b] = [polar(from - end, radius), polar(to + end, radius)];
  const large = to - from + 2 * end > Math.PI ? 1 : 0;
  const arc = `A${px(radius)} ${px(radius)} 0 ${large} 1 ${px(b.x)} ${px(b.y)}`;
  return `<path class="band" d="M${px(a.x)} ${px(a.y)}${arc}"/>`;
}

function linesOf({ file, lines }: Picture, points: ReadonlyMap<string, Point>, radius: number): string[] {
  const widest = Math.min(MAX_SPOKE, SPOKES / Math.max(1, lines.length));
  return lines.flatMap(({ from, to, weight, dashed }) => {
    const [a, b] = [points.get(from), points.get(to)];
    if (a === undefined || b === undefined) return [];
    const start = `M${px(a.x)} ${px(a.y)}`;
    const end = `${px(b.x)} ${px(b.y)}`;
    if (file !== null) {
      const width = Math.max(1, widest * Math.sqrt(weight));
      return `<path class="spoke" stroke-width="${px(width)}" d="${start}L${end}"/>`;
    }
    const towards = 1 - BEND * Math.sqrt(Math.hypot(a.x - b.x, a.y - b.y) / (2 * radius));
    const bend = `${px(((a.x + b.x) / 2) * towards)} ${px(((a.y + b.y) / 2) * towards)}`;
    return `<path class="${dashed ? 'line dashed' : 'line'}" d="${start}Q${bend} ${end}"/>`;
  });
}

function fileBox(file: Picture['file']): string[] {
  if (file === null) return [];
  const name = short(file.name);
  const width = Math.max(textWidth(name, FILE_SIZE), textWidth(file.figures, LABEL_SIZE)) + 36;
  const middle = { 'text-anchor': 'middle' };
  return [
    `<rect class="box" x="${px(-width / 2)}" y="-29" width="${px(width)}" height="58" rx="12" stroke-width="1.5"/>`,
    svgText(name, { x: 0, y: -4 }, 'ink', { 'font-size': FILE_SIZE, 'font-weight': 600, ...middle }),
    svgText(file.figures, { x: 0, y: 16 }, 'muted', { 'font-size': LABEL_SIZE, ...middle }),
  ];
}

function relayOf({ relay, angle }: RingRelay, { radius, radial }: Ring, label: Label | undefined): string {
  const { address, figures } = relay;
  const title = `<title>${xml(figures === '' ? address : `${address}: ${figures}`)}</title>`;
  const mark = relayMark(relay, polar(angle, radius));
  const words =
    label === undefined ? '' : radial ? spokeLabel(label, angle, radius) : levelLabel(label, angle, radius);
  return `<g>${title}${mark}${words}</g>`;
}

/** Turned so that it is never upside down. */
function spokeLabel({ relay, figures }: Label, angle: number, radius: number): string {
  const left = Math.cos(angle) < -1e-9;
  const degrees = (angle * 180) / Math.PI + (left ? 180 : 0);
  const at = `<g transform="rotate(${px(degrees)})">`;
  const x = (left ? -1 : 1) * (radius + GAP);
  const anchor = left ? 'end' : 'start';
  const parts = left
    ? [
        ['muted', figures],
        ['ink', relay],
      ]
    : [
        ['ink', relay],
        ['muted', figures],
      ];
  const spans = parts
    .filter(([, words]) => words !== '')
    .map(([look = '', words = '']) => `<tspan class="${look}">${xml(words)}</tspan>`)
    .join('<tspan>\u00a0 </tspan>');
  return `${at}<text x="${px(x)}" y="4" font-size="${LABEL_SIZE}" text-anchor="${anchor}">${spans}</text></g>`;
}

function anchorAt(angle: number): 'start' | 'middle' | 'end' {
  const cos = Math.cos(angle);
  return cos > STEEP ? 'start' : cos < -STEEP ? 'end' : 'middle';
}

function levelLabel({ relay, figures }: Label, angle: number, radius: number): string {
  const { x, y } = polar(angle, radius + GAP);
  const sin = Math.sin(angle);
  const anchor = anchorAt(angle);
  const lines = figures === '' ? [relay] : [relay, figures];
  const rise = (lines.length - 1) * LEVEL_LINE;
  // Above, beside or below its relay, by how steep the way to it is.
  const top = anchor !== 'middle' ? y - rise / 2 + 4 + 9 * sin ** 3 : sin < 0 ? y - rise : y + 10;
  return lines
    .map((line, row) =>
      svgText(line, { x, y: top + row * LEVEL_LINE }, row === 0 ? 'ink' : 'muted', {
        'font-size': LABEL_SIZE,
        'text-anchor': anchor,
      }),
    )
    .join('');
}

function hostName({ host, from, to }: RingHost, reach: number): string {
  const angle = (from + to) / 2;
  const { x, y } = polar(angle, reach + (GAP * 2) / 3);
  const anchor = anchorAt(angle);
  const down = anchor !== 'middle' ? 4 : y > 0 ? HOST_SIZE : -2;
  return svgText(short(host.name), { x, y: y + down }, 'ink', {
    ...{ 'font-size': HOST_SIZE, 'font-weight': 600, 'text-anchor': anchor },
  });
}
