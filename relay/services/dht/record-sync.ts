/** Makes two relays agree on what is under some keys: the newest atomic records, the union of lists. */
import type { RecordKey } from '../../../shared/protocol/records.ts';
import { MAX_LIST_ROWS } from '../../../shared/limits.ts';
import type { RecordHolder } from './record-holders.ts';
import { keyOf } from './record-items.ts';
import type { NamedRow, RecordItem, StoreOutcome } from './record-items.ts';
import { compareAtomic } from './record-store.ts';
import type { RecordStore } from './record-store.ts';

export interface Comparison {
  readonly store: RecordStore;
  readonly peer: RecordHolder;
  readonly keys: readonly RecordKey[];
  /** Whether this relay also takes what the peer has under a key. */
  readonly takes: (key: RecordKey) => boolean;
}

/** Items read from the store before they are sent, so that a long list is never in memory as a whole. */
const SEND_ROWS = 128;

/** Gives the keys of which the peer now has all that we had. Throws what the peer's requests throw, `IO`, `NO_SPACE`. */
export async function compareRecords(comparison: Comparison, signal: AbortSignal): Promise<RecordKey[]> {
  const { store, peer, keys } = comparison;
  const digests = await peer.digests(keys, signal);
  const different = keys.filter((key, index) => digests[index] !== store.digest(key));
  const lacking = new Set<RecordKey>();
  await compareAtomics(comparison, different, lacking, signal);
  for (const key of different) {
    // A list is there on one side or the other; for a key that bears an atomic record only, these are two empty pages.
    if (store.rows(key, null, 1).length === 0 && store.atomic(key) !== null) continue;
    await compareLists(comparison, key, lacking, signal);
  }
  return keys.filter((key) => !lacking.has(key));
}

async function compareAtomics(
  { store, peer, takes }: Comparison,
  keys: readonly RecordKey[],
  lacking: Set<RecordKey>,
  signal: AbortSignal,
): Promise<void> {
  const atomic = keys.filter((key) => store.atomic(key) !== null);
  const theirs = await peer.atomic(atomic, signal);
  const give: RecordItem[] = [];
  const take: RecordItem[] = [];
  atomic.forEach((key, index) => {
    const mine = store.atomic(key);
    const other = theirs[index] ?? null;
    if (mine === null) return;
    const order = other === null ? 1 : compareAtomic(mine, other);
    if (order > 0) give.push({ kind: 'atomic', record: mine });
    if (order < 0 && other !== null && takes(key)) take.push({ kind: 'atomic', record: other });
  });
  await store.store(take, peer.relay);
  await send(peer, give, lacking, signal);
}

async function compareLists(
  { store, peer, takes }: Comparison,
  list: RecordKey,
  lacking: Set<RecordKey>,
  signal: AbortSignal,
): Promise<void> {
  const mine = byRow(store.rows(list, null, MAX_LIST_ROWS));
  const theirs = byRow(await peer.rows(list, signal));
  const give = newsFor(theirs, mine);
  for (let at = 0; at < give.length; at += SEND_ROWS)
    await send(peer, store.items(list, give.slice(at, at + SEND_ROWS)), lacking, signal);
  if (!takes(list)) return;
  const take = newsFor(mine, theirs);
  for (let at = 0; at < take.length; at += SEND_ROWS)
    await store.store(await peer.fetch(list, take.slice(at, at + SEND_ROWS), signal), peer.relay);
}

/** The rows of `from` that `to` lacks, or has not removed. */
function newsFor(to: ReadonlyMap<string, NamedRow>, from: ReadonlyMap<string, NamedRow>): NamedRow[] {
  return [...from].flatMap(([key, row]) => {
    const known = to.get(key);
    return known === undefined || (row.removed && !known.removed) ? [row] : [];
  });
}

async function send(
  peer: RecordHolder,
  items: readonly RecordItem[],
  lacking: Set<RecordKey>,
  signal: AbortSignal,
): Promise<void> {
  if (items.length === 0) return;
  const outcomes = await peer.store(items, signal);
  items.forEach((item, index) => {
    if (!isAcknowledged(outcomes[index])) lacking.add(keyOf(item));
  });
}

/** The peer has it, or what has taken its place. */
function isAcknowledged(outcome: StoreOutcome | undefined): boolean {
  return outcome === 'stored' || outcome === 'stale' || outcome === 'removed' || outcome === 'void';
}

function byRow(rows: readonly NamedRow[]): Map<string, NamedRow> {
  return new Map(rows.map((row) => [`${row.id}:${row.public_key}`, row]));
}
