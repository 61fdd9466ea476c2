import { addressOf } from '../../shared/protocol/address.ts';
import type { FileDistribution } from '../../shared/engine/distribution.ts';
import { durability, shares } from '../../shared/engine/durability.ts';
import { shortId } from '../../shared/ids.ts';
import type { RelayId } from '../../shared/ids.ts';
import { REPLICAS } from '../../shared/limits.ts';
import { formatBytes, plural } from '../text.ts';
import { verdict } from '../transfer/file-verdict.ts';
import { FILE, hostsOf, legendOf } from './picture.ts';
import type { CopiesRun, LegendEntry, Picture, PictureLine, PlacedRelay } from './picture.ts';

export interface ShownFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly distribution: FileDistribution;
  /** Where its relays are reached, as far as it is known. */
  readonly places: ReadonlyMap<string, PlacedRelay>;
  /** What its holders are called. */
  readonly memberWord: 'relay' | 'node';
  /** What the user calls a node of the local simulation. */
  readonly nameOf: (id: RelayId) => string | undefined;
}

const MEANINGS: readonly LegendEntry[] = [
  { mark: 'good', text: 'holds chunks of the file' },
  { mark: 'sole', text: 'is the only holder of some' },
  { mark: 'idle', text: 'holds none' },
  { mark: 'line', text: 'the wider, the more chunks' },
];
/** More stretches than this cannot be told apart. */
const MAX_RUNS = 200;

/** The file in the middle, a line to whoever holds chunks of it. */
export function distributionPicture(file: ShownFile): Picture {
  const { name, sizeBytes, distribution, memberWord } = file;
  const { relays: counts } = shares(distribution);
  const most = Math.max(1, ...counts.map(({ chunks }) => chunks));
  const shown = distribution.relays.map(({ id, machine }, position) => {
    const { chunks, sole } = counts[position] ?? { chunks: 0, sole: 0 };
    const place = file.places.get(id);
    const address = file.nameOf(id) ?? (place === undefined ? shortId(id) : addressOf(place));
    return {
      ...{ machine, host: place?.host ?? address, chunks },
      relay: {
        ...{ id, address, name: place === undefined ? address : `:${place.port}` },
        figures: chunks === 0 ? '' : sole === 0 ? held(chunks) : `${held(chunks)}, ${sole} only here`,
        look: sole > 0 ? ('sole' as const) : chunks > 0 ? ('good' as const) : ('idle' as const),
        entry: false,
      },
    };
  });
  const lines = shown.flatMap(({ chunks, relay: { id } }): PictureLine[] =>
    chunks === 0 ? [] : [{ from: FILE, to: id, weight: chunks / most, dashed: false, label: String(chunks) }],
  );
  const relays = shown.map(({ relay }) => relay);
  const { chunkCount, chunks, silent } = distribution;
  return {
    title: `Where ${name} lies`,
    description: [
      capitalised(verdict(durability(distribution), distribution, memberWord)),
      ...(silent > 0 ? [`${plural(silent, memberWord)} did not answer: there may be more copies.`] : []),
      ...(chunks.length < chunkCount
        ? [`${chunks.length} of its ${chunkCount} chunks were looked at, spread over the file.`]
        : []),
    ].join(' '),
    file: { name, figures: `${formatBytes(sizeBytes)}, ${held(chunkCount)}` },
    ...{ hosts: hostsOf(shown), lines, copies: copiesAlong(distribution) },
    legend: legendOf(MEANINGS, relays, lines),
  };
}

function held(count: number): string {
  return plural(count, 'chunk');
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Neighbours alike are one stretch; where there would be too many, each stands for several chunks, by the one with the fewest copies. */
function copiesAlong({ chunks }: FileDistribution): CopiesRun[] {
  const step = Math.ceil(chunks.length / MAX_RUNS);
  const runs: CopiesRun[] = [];
  for (let from = 0; from < chunks.length; from += step) {
    const to = Math.min(from + step, chunks.length);
    const copies = Math.min(REPLICAS, ...chunks.slice(from, to).map(({ holders }) => holders.length));
    const last = runs.at(-1);
    if (last?.copies === copies) runs[runs.length - 1] = { ...last, to };
    else runs.push({ from, to, copies });
  }
  return runs;
}
