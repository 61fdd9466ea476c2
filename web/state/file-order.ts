/** Sorting and filtering of the file list. */
import type { StoredFile } from './engine-types.ts';

export type SortKey = 'name' | 'size' | 'date';

export interface FileOrder {
  readonly by: SortKey;
  readonly descending: boolean;
}

/** How a column sorts when it is chosen first: names from A, sizes and dates from the largest. */
export function firstOrder(by: SortKey): FileOrder {
  return { by, descending: by !== 'name' };
}

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** What files are sorted by. */
interface Sortable {
  readonly name: string;
  readonly sizeBytes: number;
  /** ISO 8601; null where there is no time, which counts as the oldest. */
  readonly created: string | null;
}

const time = ({ created }: Sortable): number => (created === null ? 0 : Date.parse(created));

const COMPARE: Readonly<Record<SortKey, (a: Sortable, b: Sortable) => number>> = {
  name: (a, b) => names.compare(a.name, b.name),
  size: (a, b) => a.sizeBytes - b.sizeBytes,
  date: (a, b) => time(a) - time(b),
};

/** A new array; equal files keep the order they came in. */
export function sortFiles<File extends Sortable>(files: readonly File[], order: FileOrder): File[] {
  const compare = COMPARE[order.by];
  return files.toSorted(order.descending ? (a, b) => compare(b, a) : compare);
}

/** Files whose path holds every word of the query, in any case. An empty query keeps all. */
export function filterFiles(files: readonly StoredFile[], query: string): readonly StoredFile[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return files;
  return files.filter((file) => {
    const name = file.path.toLocaleLowerCase();
    return words.every((word) => name.includes(word));
  });
}
