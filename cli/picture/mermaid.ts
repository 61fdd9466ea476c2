/** Pictures as Mermaid flowcharts, in the part of its language that its documentation describes. */
import { safeName } from '../../shared/safe-name.ts';
import { plural } from '../text.ts';
import { FILE } from './picture.ts';
import type { Picture, PictureHost, PictureLine, PictureRelay } from './picture.ts';

/** Mermaid draws no flowchart with more, and does not let a picture change that. */
export const MERMAID_MAX_LINES = 500;

/** With boxes around hosts, its layout fails for 200 relays, or takes minutes. */
const MAX_GROUPED = 100;

/** Colours that are read on light and on dark pages. */
const CLASSES: Readonly<Record<PictureRelay['look'] | 'entry' | 'file', string>> = {
  good: 'fill:#dcf0e9,stroke:#14713f,color:#14201c',
  idle: 'fill:#f4f6f2,stroke:#52625b,color:#14201c,stroke-dasharray:4 3',
  sole: 'fill:#fcefd3,stroke:#865000,color:#14201c',
  silent: 'fill:#fce9e7,stroke:#b3261e,color:#14201c',
  entry: 'stroke-width:4px',
  file: 'fill:#0b6b58,stroke:#085445,color:#ffffff',
};

/**
 * What is not written into a label as it is: it becomes a character reference, so that no name can end its label,
 * begin a list or be taken for emphasis.
 */
const SPECIAL = /[^\p{L}\p{M}\p{N} .,:/()_-]|[.-](?= )|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

export function toMermaid({ title, description, file, hosts, lines }: Picture): string {
  const ids = new Map<string, string>(
    hosts.flatMap(({ relays }) => relays).map(({ id }, position) => [id, `r${position}`]),
  );
  const grouped = hosts.some(({ relays }) => relays.length > 1) && ids.size <= MAX_GROUPED;
  ids.set(FILE, 'file');
  const used = new Set([
    ...hosts.flatMap(({ relays }) =>
      relays.flatMap(({ look, entry }) => (entry ? [look, 'entry' as const] : [look])),
    ),
    ...(file === null ? [] : (['file'] as const)),
  ]);
  const known = lines.filter(({ from, to }) => ids.has(from) && ids.has(to));
  const drawn = someLines(known);
  return [
    'flowchart LR',
    `  accTitle: ${accessible(title)}`,
    `  accDescr: ${accessible(description)}`,
    ...(file === null ? [] : [`  file(["${label(file.name)}<br/>${label(file.figures)}"]):::file`]),
    ...hosts.flatMap((host, position) => hostLines(host, `h${position}`, ids, grouped)),
    ...drawn.map((line) => lineOf(line, ids)),
    ...(drawn.length < known.length
      ? [
          `  %% ${plural(known.length - drawn.length, 'line')} left out: Mermaid draws ${MERMAID_MAX_LINES} at most.`,
        ]
      : []),
    ...hosts.flatMap(({ relays }) =>
      relays.flatMap(({ id, entry }) => (entry ? [`  class ${ids.get(id) ?? ''} entry`] : [])),
    ),
    ...[...used].map((name) => `  classDef ${name} ${CLASSES[name]}`),
    '',
  ].join('\n');
}

/** As many as Mermaid draws: those of the mesh before others. */
function someLines(lines: readonly PictureLine[]): PictureLine[] {
  return [...lines].sort((a, b) => Number(a.dashed) - Number(b.dashed)).slice(0, MERMAID_MAX_LINES);
}

function hostLines(
  { name, relays }: PictureHost,
  id: string,
  ids: ReadonlyMap<string, string>,
  grouped: boolean,
): string[] {
  const nodes = relays.map((relay) => nodeOf(relay, ids.get(relay.id) ?? ''));
  if (!grouped) return nodes.map((node) => `  ${node}`);
  return [`  subgraph ${id}["${label(name)}"]`, ...nodes.map((node) => `    ${node}`), '  end'];
}

function nodeOf({ address, figures, look }: PictureRelay, id: string): string {
  const text = [address, ...(figures === '' ? [] : [figures])].map(label).join('<br/>');
  return `${id}["${text}"]:::${look}`;
}

function lineOf({ from, to, dashed, label: text }: PictureLine, ids: ReadonlyMap<string, string>): string {
  const stroke = dashed ? '-.-' : '---';
  return `  ${ids.get(from) ?? ''} ${stroke}${text === '' ? '' : `|${text}|`} ${ids.get(to) ?? ''}`;
}

function label(text: string): string {
  return safeName(text).replaceAll(SPECIAL, (character) => `#${character.codePointAt(0) ?? 0xfffd};`);
}

/** These lines know no references. */
function accessible(text: string): string {
  return text.replaceAll(SPECIAL, ' ');
}
