/** What can be wrong with a storage folder, and what `--repair` does about it. */

interface FindingKind {
  /** After a count: what was found. */
  readonly says: string;
  /** What mending it means; without it, it is left as it is. */
  readonly remedy?: string;
  /** True: nothing is wrong, but the operator may want to know. */
  readonly note?: true;
}

export const FINDINGS = {
  'index-missing': { says: 'index missing', remedy: 'made anew from the files' },
  'index-damaged': {
    says: 'index damaged',
    remedy: 'moved aside as dht_index.sqlite.damaged and made anew from the files',
  },
  'totals-wrong': { says: 'wrong sum in the index', remedy: 'counted again' },
  'chunk-unlisted': { says: 'whole chunk(s) that the index does not list', remedy: 'listed' },
  'chunk-mislisted': { says: 'whole chunk(s) that the index describes wrongly', remedy: 'described anew' },
  'chunk-missing': {
    says: 'chunk(s) in the index without a file',
    remedy: 'taken off the index; other holders give them back',
  },
  'chunk-rotten': {
    says: 'file(s) that do not hold the chunk of their name',
    remedy: 'set aside in rotten; other holders give the chunks back',
  },
  'chunk-unreadable': { says: 'file(s) that the disk does not read' },
  'chunk-deleted': { says: 'file(s) of deleted chunks', remedy: 'destroyed' },
  'tombstone-invalid': { says: 'record(s) of a deletion that nobody proved', remedy: 'forgotten' },
  'temp-file': { says: 'file(s) that a write left behind', remedy: 'removed' },
  'aside-whole': { says: 'file(s) in rotten that hold their chunk after all', remedy: 'put back' },
  'aside-rotten': { says: 'rotten file(s) set aside; remove them when you like', note: true },
  'foreign-file': { says: 'file(s) among the chunks that are none; left alone', note: true },
  'identity-missing': { says: 'missing identity: the relay starts as a new one', note: true },
  'identity-damaged': { says: 'damaged identity: restore identity.key, or remove it for a new one' },
  'identity-exposed': { says: 'identity that others may read', remedy: 'closed to them' },
} as const satisfies Readonly<Record<string, FindingKind>>;

export type FindingName = keyof typeof FINDINGS;

/** Ids or file names given with a finding. */
const MAX_EXAMPLES = 20;

export interface Finding {
  readonly kind: FindingName;
  readonly says: string;
  count: number;
  /** The first few. */
  readonly examples: string[];
  /** `mended`, `open` (a problem that is still there), or `note` (none). */
  readonly state: 'mended' | 'open' | 'note';
}

/** Counts what is found, in memory that does not grow with it. */
export class Findings {
  readonly #repair: boolean;
  readonly #byKind = new Map<FindingName, Finding>();

  constructor(repair: boolean) {
    this.#repair = repair;
  }

  /** Notes one, and mends it if that is asked for. Throws what `mend` throws. */
  async add(kind: FindingName, example: string | null, mend?: () => unknown): Promise<void> {
    const { says, remedy, note }: FindingKind = FINDINGS[kind];
    const isMended = this.#repair && mend !== undefined;
    if (isMended) await mend();
    let finding = this.#byKind.get(kind);
    if (finding === undefined) {
      const state = note === true ? 'note' : isMended ? 'mended' : 'open';
      const text = isMended && remedy !== undefined ? `${says}: ${remedy}` : says;
      this.#byKind.set(kind, (finding = { kind, says: text, count: 0, examples: [], state }));
    }
    finding.count++;
    if (example !== null && finding.examples.length < MAX_EXAMPLES) finding.examples.push(example);
  }

  list(): Finding[] {
    return [...this.#byKind.values()];
  }
}
