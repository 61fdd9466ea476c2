/** A picture of relays, whatever it is drawn as: a ring of them, grouped by host, with lines between them or to a file in the middle. */

export const PICTURE_FORMATS = ['mermaid', 'svg', 'json'] as const;
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

export type RelayLook =
  /** Works, or holds something. */
  | 'good'
  /** Works, and holds nothing. */
  | 'idle'
  /** The only holder of something. */
  | 'sole'
  /** Does not answer. */
  | 'silent';

export interface PictureRelay {
  readonly id: string;
  /** Whole: `10.0.0.7:8000`. */
  readonly address: string;
  /** What is enough beside the name of its host: `:8000`. */
  readonly name: string;
  /** What it holds, in a few words; empty where there is nothing to say. */
  readonly figures: string;
  readonly look: RelayLook;
  /** The relay that was asked. */
  readonly entry: boolean;
}

export interface PictureHost {
  readonly name: string;
  readonly relays: readonly PictureRelay[];
}

export interface PictureLine {
  /** Of a relay; `FILE` for the file in the middle. */
  readonly from: string;
  readonly to: string;
  /** The share of the widest, above 0 and up to 1. */
  readonly weight: number;
  readonly dashed: boolean;
  /** Empty for a line that says nothing by itself. */
  readonly label: string;
}

/** A stretch of a file whose chunks have as many copies; `copies` is at most `REPLICAS`. */
export interface CopiesRun {
  readonly from: number;
  readonly to: number;
  readonly copies: number;
}

export interface Picture {
  readonly title: string;
  /** In sentences, for those who cannot see the picture as well. */
  readonly description: string;
  /** What stands in the middle. */
  readonly file: { readonly name: string; readonly figures: string } | null;
  readonly hosts: readonly PictureHost[];
  readonly lines: readonly PictureLine[];
  /** How often the file's chunks are there, from its beginning to its end; empty in a picture of no file. */
  readonly copies: readonly CopiesRun[];
  /** What the looks and lines in it mean. */
  readonly legend: readonly LegendEntry[];
}

export interface LegendEntry {
  readonly mark: RelayLook | 'entry' | 'line' | 'dashed';
  readonly text: string;
}

/** No relay's id. */
export const FILE = 'file';

/** Where a relay is reached, as far as it is known. */
export interface PlacedRelay {
  readonly machine: string;
  readonly host: string;
  readonly port: number;
}

/** Relays by host, both in the order of their names. A host is called by the first of its relays' addresses. */
export function hostsOf(
  relays: readonly { readonly machine: string; readonly host: string; readonly relay: PictureRelay }[],
): PictureHost[] {
  const groups = new Map<string, { name: string; relays: PictureRelay[] }>();
  for (const { machine, host, relay } of relays) {
    const group = groups.get(machine) ?? { name: host, relays: [] };
    groups.set(machine, group);
    group.relays.push(relay);
  }
  const byName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
  return [...groups.values()]
    .map(({ name, relays }) => ({
      name,
      relays: relays.sort((a, b) => byName(a.address, b.address) || byName(a.id, b.id)),
    }))
    .sort((a, b) => byName(a.name, b.name) || byName(a.relays[0]?.address ?? '', b.relays[0]?.address ?? ''));
}

/** The legend's entries for what is in the picture, in the order of `meanings`. */
export function legendOf(
  meanings: readonly LegendEntry[],
  relays: readonly PictureRelay[],
  lines: readonly PictureLine[],
): LegendEntry[] {
  const marks = new Set<LegendEntry['mark']>([
    ...relays.map(({ look }) => look),
    ...lines.map(({ dashed }) => (dashed ? ('dashed' as const) : ('line' as const))),
    ...(relays.some(({ entry }) => entry) ? (['entry'] as const) : []),
  ]);
  return meanings.filter(({ mark }) => marks.has(mark));
}
