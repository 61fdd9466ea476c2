/** Pictures as SVG: one file that needs nothing else, and says in words what it shows. */
import { REPLICAS } from '../../shared/limits.ts';
import { middleEllipsis } from '../../shared/safe-name.ts';
import { wrap } from '../text.ts';
import type { CopiesRun, LegendEntry, Picture } from './picture.ts';
import { legendMark, styleSheet } from './svg-marks.ts';
import { drawRing } from './svg-ring.ts';
import { px, svgText, textWidth, xml } from './svg-text.ts';

/** A stretch of the page, drawn where it stands. */
interface Block {
  readonly parts: readonly string[];
  /** Where the next one begins. */
  readonly bottom: number;
}

const MIN_WIDTH = 640;
const MARGIN = 28;
const TITLE_SIZE = 19;
const MAX_TITLE_CHARS = 56;
const TEXT_SIZE = 13;
const LINE_HEIGHT = 19;
const STRIP_HEIGHT = 24;
const LEGEND_GAP = 26;

export function toSvg(picture: Picture): string {
  const ring = drawRing(picture);
  const width = Math.max(MIN_WIDTH, Math.ceil(2 * (ring.halfWidth + MARGIN)));
  const header = headerOf(picture, width);
  const centre = { x: width / 2, y: header.bottom + ring.halfHeight };
  const strip = stripOf(picture.copies, centre.y + ring.halfHeight + MARGIN, width);
  const legend = legendOf(picture.legend, picture.file !== null, strip.bottom, width);
  const height = Math.ceil(legend.bottom + MARGIN);
  const size = `width="${width}" height="${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="lanvault" ${size} viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="lanvault-title lanvault-desc">`,
    `<title id="lanvault-title">${xml(picture.title)}</title>`,
    `<desc id="lanvault-desc">${xml(picture.description)}</desc>`,
    styleSheet(),
    `<rect class="paper" ${size} rx="12"/>`,
    ...header.parts,
    `<g transform="translate(${px(centre.x)} ${px(centre.y)})">`,
    ...ring.parts,
    '</g>',
    ...strip.parts,
    ...legend.parts,
    '</svg>',
    '',
  ].join('\n');
}

function headerOf({ title, description }: Picture, width: number): Block {
  const lines = wrap(description, Math.floor((width - 2 * MARGIN) / (TEXT_SIZE * 0.52)));
  const top = MARGIN + TITLE_SIZE;
  const below = top + 26;
  return {
    parts: [
      svgText(middleEllipsis(title, MAX_TITLE_CHARS), { x: MARGIN, y: top }, 'ink', {
        ...{ 'font-size': TITLE_SIZE, 'font-weight': 600 },
      }),
      ...lines.map((line, row) =>
        svgText(line, { x: MARGIN, y: below + row * LINE_HEIGHT }, 'muted', { 'font-size': TEXT_SIZE }),
      ),
    ],
    bottom: below + lines.length * LINE_HEIGHT + 12,
  };
}

/** The file from its beginning to its end: the higher, the more copies; what has none stands out. */
function stripOf(runs: readonly CopiesRun[], top: number, width: number): Block {
  const count = runs.at(-1)?.to ?? 0;
  if (count === 0) return { parts: [], bottom: top };
  const scale = (width - 2 * MARGIN) / count;
  const bars = runs.map(({ from, to, copies }) => {
    const look = copies === 0 ? 'none' : copies < REPLICAS ? 'fewer' : 'good';
    const height = copies === 0 ? STRIP_HEIGHT : (STRIP_HEIGHT * copies) / REPLICAS;
    const x = MARGIN + from * scale;
    const place = `x="${px(x)}" y="${px(top + 10 + STRIP_HEIGHT - height)}" width="${px(Math.max(0.5, (to - from) * scale))}" height="${px(height)}"`;
    const words = `${to - from === 1 ? `Chunk ${to}` : `Chunks ${from + 1} to ${to}`}: ${copiesWords(copies)}`;
    return `<rect class="${look}" ${place}><title>${words}</title></rect>`;
  });
  const fewest = Math.min(...runs.map(({ copies }) => copies));
  const caption = `Copies of its chunks, from the beginning of the file to its end: ${
    fewest === REPLICAS ? `${REPLICAS} or more of each` : `${copiesWords(fewest)} where there are fewest`
  }`;
  return {
    parts: [svgText(caption, { x: MARGIN, y: top }, 'muted', { 'font-size': TEXT_SIZE }), ...bars],
    bottom: top + STRIP_HEIGHT + 10 + MARGIN,
  };
}

function copiesWords(copies: number): string {
  return copies === 0 ? 'none' : copies === REPLICAS ? `${REPLICAS} or more` : String(copies);
}

function legendOf(legend: readonly LegendEntry[], withFile: boolean, top: number, width: number): Block {
  let at = { x: MARGIN + 10, y: top };
  const parts = legend.flatMap(({ mark, text }) => {
    const wide = LEGEND_GAP + textWidth(text, TEXT_SIZE);
    if (at.x > MARGIN + 10 && at.x + wide > width - MARGIN)
      at = { x: MARGIN + 10, y: at.y + LINE_HEIGHT + 5 };
    const drawn = [
      legendMark(mark, { x: at.x, y: at.y - 4 }, withFile),
      svgText(text, { x: at.x + 18, y: at.y }, 'muted', { 'font-size': TEXT_SIZE }),
    ];
    at = { x: at.x + wide + LEGEND_GAP, y: at.y };
    return drawn;
  });
  return { parts, bottom: at.y };
}
