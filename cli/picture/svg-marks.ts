/** The signs of a drawing and its colours, which follow the viewer's light or dark theme. States differ in shape as well as in colour. */
import type { LegendEntry, PictureRelay } from './picture.ts';
import type { Point } from './ring.ts';
import { px } from './svg-text.ts';

/** Class → what it sets, in light, in dark. Written out rather than as variables, which not all viewers of SVG know. */
const COLOURS = [
  ['paper', 'fill', '#ffffff', '#141c1a'],
  ['ink', 'fill', '#14201c', '#e7efec'],
  ['muted', 'fill', '#52625b', '#9db0a9'],
  ['band', 'stroke', '#e4eae2', '#25332f'],
  ['line', 'stroke', '#52625b', '#9db0a9'],
  ['spoke', 'stroke', '#12866c', '#4fd0ae'],
  ['good', 'fill', '#14713f', '#6cd69a'],
  ['idle', 'fill', '#ffffff', '#141c1a'],
  ['idle', 'stroke', '#52625b', '#9db0a9'],
  ['sole', 'fill', '#b06a00', '#f3bd5a'],
  ['silent', 'fill', '#ffffff', '#141c1a'],
  ['silent', 'stroke', '#b3261e', '#ff8f85'],
  ['fewer', 'fill', '#b06a00', '#f3bd5a'],
  ['none', 'fill', '#b3261e', '#ff8f85'],
  ['box', 'fill', '#dcf0e9', '#12352d'],
  ['box', 'stroke', '#0b6b58', '#4fd0ae'],
] as const;

const SHAPES = [
  'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}',
  '.line,.spoke,.band{fill:none}',
  '.line{stroke-width:1.25;stroke-opacity:.5}',
  '.dashed{stroke-dasharray:3 5;stroke-opacity:.45}',
  '.spoke{stroke-opacity:.45;stroke-linecap:round}',
  '.band{stroke-width:26;stroke-linecap:round}',
  '.good,.sole{stroke:none}',
  '.idle,.silent{stroke-width:2}',
];

export function styleSheet(): string {
  const rules = (theme: 2 | 3): string =>
    COLOURS.map((colour) => `.lanvault .${colour[0]}{${colour[1]}:${colour[theme]}}`).join('');
  const shapes = SHAPES.map((rule) => rule.replaceAll(/(^|,)(?=[.t][a-z]+[,{])/g, '$1.lanvault ')).join('');
  return `<style>${shapes}${rules(2)}@media (prefers-color-scheme:dark){${rules(3)}}</style>`;
}

const SIZE = 7;

export function relayMark({ look, entry }: Pick<PictureRelay, 'look' | 'entry'>, at: Point): string {
  const polygon = (...points: readonly (readonly [number, number])[]): string =>
    `<polygon class="${look}" points="${points.map(([x, y]) => `${px(at.x + x)},${px(at.y + y)}`).join(' ')}"/>`;
  if (look === 'silent') return polygon([-SIZE, -6], [SIZE, -6], [0, 7]);
  if (entry) return polygon([0, -10], [10, 0], [0, 10], [-10, 0]);
  if (look === 'sole') return polygon([-6.5, -6.5], [6.5, -6.5], [6.5, 6.5], [-6.5, 6.5]);
  return `<circle class="${look}" cx="${px(at.x)}" cy="${px(at.y)}" r="${look === 'idle' ? SIZE - 1 : SIZE}"/>`;
}

/** As `relayMark` for what a legend explains; about 20 wide. `withFile`: lines are the spokes of a file. */
export function legendMark(mark: LegendEntry['mark'], at: Point, withFile: boolean): string {
  if (mark === 'line' || mark === 'dashed') {
    const look = withFile ? 'spoke" stroke-width="4' : mark === 'dashed' ? 'line dashed' : 'line';
    return `<path class="${look}" d="M${px(at.x - 10)} ${px(at.y)}h20"/>`;
  }
  return relayMark(mark === 'entry' ? { look: 'good', entry: true } : { look: mark, entry: false }, at);
}
