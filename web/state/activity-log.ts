/** The event log: bounded for each kind, and one line for what belongs together. */
import { MAX_LOG_LINES_PER_KIND } from '../../shared/limits.ts';
import type { RelayEvent } from './engine-types.ts';

export const ACTIVITY_KINDS = ['relays', 'links', 'chunks', 'repair'] as const;
export type ActivityKind = (typeof ACTIVITY_KINDS)[number];

export interface LogLine {
  /** Rises with time. */
  readonly key: number;
  readonly kind: ActivityKind;
  /** The latest event of this line. */
  readonly event: RelayEvent;
  /** Of a chunk's line: the relays that it happened on, each once. */
  readonly relays: readonly string[];
  /** How many events it stands for. */
  readonly count: number;
}

const KINDS: Readonly<Record<RelayEvent['type'], ActivityKind>> = {
  'peer-joined': 'relays',
  'peer-suspect': 'relays',
  'peer-left': 'relays',
  'peer-distrusted': 'relays',
  'unjoin-progress': 'relays',
  'mesh-linked': 'links',
  'mesh-unlinked': 'links',
  'chunk-stored': 'chunks',
  'chunk-read': 'chunks',
  'chunk-deleted': 'chunks',
  'repair-started': 'repair',
  'repair-progress': 'repair',
  'repair-ended': 'repair',
  'repair-moved': 'repair',
  'repair-dropped': 'repair',
  'repair-rotten': 'repair',
  'repair-healed': 'repair',
};

/** Each one takes the place of the one before. */
const PROGRESS: ReadonlySet<RelayEvent['type']> = new Set(['repair-progress', 'unjoin-progress']);

export class ActivityLog {
  readonly #lines = new Map<ActivityKind, LogLine[]>(ACTIVITY_KINDS.map((kind) => [kind, []]));
  #key = 0;

  add(event: RelayEvent): void {
    const kind = KINDS[event.type];
    const lines = this.#lines.get(kind) ?? [];
    const at = lines.findLastIndex((line) => belongs(line, event));
    const before = lines[at];
    if (before !== undefined) {
      lines[at] = {
        ...before,
        event,
        relays: relaysOf(event).reduce(
          (all, relay) => (all.includes(relay) ? all : [...all, relay]),
          before.relays,
        ),
        count: before.count + 1,
      };
      return;
    }
    lines.push({ key: ++this.#key, kind, event, relays: relaysOf(event), count: 1 });
    if (lines.length > MAX_LOG_LINES_PER_KIND) lines.shift();
  }

  /** Newest first. */
  lines(kind: ActivityKind | 'all'): LogLine[] {
    const chosen = kind === 'all' ? [...this.#lines.values()].flat() : [...(this.#lines.get(kind) ?? [])];
    return chosen.sort((a, b) => b.key - a.key);
  }

  clear(): void {
    for (const lines of this.#lines.values()) lines.length = 0;
  }
}

/** A chunk's copies are one line; so is the progress of one repair or departure, which repeats itself. */
function belongs({ event: before }: LogLine, event: RelayEvent): boolean {
  if (before.type !== event.type) return false;
  if (PROGRESS.has(event.type)) return true;
  return KINDS[event.type] === 'chunks' && 'id' in before && 'id' in event && before.id === event.id;
}

function relaysOf(event: RelayEvent): readonly string[] {
  return 'relay' in event ? [event.relay] : [];
}
