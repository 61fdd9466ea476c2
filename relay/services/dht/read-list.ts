/** A list as the union of what its holders have, less what its signers have removed. */
import { throwIfAborted } from '../../../shared/errors.ts';
import { MAX_LIST_ENTRIES, MAX_SIGNER_ENTRIES, REPLICAS } from '../../../shared/limits.ts';
import type { ListEntry, RecordKey } from '../../../shared/protocol/records.ts';
import { rowKeyOf } from './record-holders.ts';
import type { RecordHolder } from './record-holders.ts';
import type { NamedRow } from './record-items.ts';

/** One of the holders whose content is the same. */
interface Copy {
  readonly holder: RecordHolder;
  /** Holders that say they have the same. */
  readonly holders: number;
  /** `id:key` → row. */
  readonly rows: ReadonlyMap<string, NamedRow>;
}

/**
 * `digests`: what each holder says it has. Holders that agree are read once. Entries are verified; where there are more than
 * fit, each copy has a share, so that those that lie, however many and alike, cannot crowd out the one that does not, and the rest
 * goes to those that most holders have.
 */
export async function readList(
  list: RecordKey,
  digests: ReadonlyMap<RecordHolder, string>,
  signal: AbortSignal,
): Promise<ListEntry[]> {
  const copies = await readCopies(list, digests, signal);
  const wanted = bestOf(await withoutRemoved(list, copies, signal), copies);
  const found = new Map<string, ListEntry>();
  for (const { holder, rows } of copies) {
    const missing = [...wanted].filter((key) => !found.has(key) && rows.get(key)?.removed === false);
    await tolerate(signal, async () => {
      for (const item of await holder.fetch(list, rowsOf(rows, missing), signal))
        if (item.kind === 'entry') found.set(rowKeyOf(item), item.entry);
    });
  }
  // In an order that does not depend on who answered.
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}

async function readCopies(
  list: RecordKey,
  digests: ReadonlyMap<RecordHolder, string>,
  signal: AbortSignal,
): Promise<Copy[]> {
  const groups = Map.groupBy(digests, ([, digest]) => digest);
  groups.delete('');
  const read = await Promise.all(
    Array.from(groups.values(), async (group) => {
      for (const [holder] of group) {
        const rows = await tolerate(signal, () => holder.rows(list, signal));
        if (rows === undefined) continue;
        const byKey = new Map(rows.map((row) => [`${row.id}:${row.public_key}`, row]));
        return [{ holder, holders: group.length, rows: byKey }];
      }
      return [];
    }),
  );
  return read.flat();
}

/** Keys of rows that live in some copy and that no copy can show a removal of. */
async function withoutRemoved(
  list: RecordKey,
  copies: readonly Copy[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const live = new Set<string>();
  for (const { rows } of copies) for (const [key, row] of rows) if (!row.removed) live.add(key);
  for (const { holder, rows } of copies) {
    const claimed = [...live].filter((key) => rows.get(key)?.removed === true);
    await tolerate(signal, async () => {
      for (const item of await holder.fetch(list, rowsOf(rows, claimed), signal))
        if (item.kind === 'removal') live.delete(rowKeyOf(item));
    });
  }
  return live;
}

function bestOf(live: ReadonlySet<string>, copies: readonly Copy[]): Set<string> {
  const votes = (key: string): number =>
    copies.reduce((sum, { rows, holders }) => sum + (rows.get(key)?.removed === false ? holders : 0), 0);
  const ranked = Array.from(live, (key) => ({ key, votes: votes(key) })).sort(
    (a, b) => b.votes - a.votes || (a.key < b.key ? -1 : 1),
  );
  const bySigner = new Map<string, number>();
  const best = new Set<string>();
  const take = (keys: readonly { readonly key: string }[], upTo: number): void => {
    let left = upTo;
    for (const { key } of keys) {
      if (left <= 0 || best.size >= MAX_LIST_ENTRIES) return;
      if (best.has(key)) continue;
      const signer = key.slice(65);
      const count = (bySigner.get(signer) ?? 0) + 1;
      if (count > MAX_SIGNER_ENTRIES) continue;
      bySigner.set(signer, count);
      best.add(key);
      left--;
    }
  };
  const share = Math.floor(MAX_LIST_ENTRIES / Math.max(REPLICAS, copies.length));
  for (const { rows } of copies) {
    take(
      ranked.filter(({ key }) => rows.get(key)?.removed === false),
      share,
    );
  }
  take(ranked, MAX_LIST_ENTRIES);
  return best;
}

function rowsOf(rows: ReadonlyMap<string, NamedRow>, keys: readonly string[]): NamedRow[] {
  return keys.flatMap((key) => rows.get(key) ?? []);
}

/** What one holder fails with is no reason not to read from the others. */
async function tolerate<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch {
    throwIfAborted(signal);
    return undefined;
  }
}
