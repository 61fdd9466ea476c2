/** What the list can be sorted by. */
import type { SortKey } from '../../state/file-order.ts';

export const COLUMNS: readonly { readonly key: SortKey; readonly label: string }[] = [
  { key: 'name', label: 'Name' },
  { key: 'size', label: 'Size' },
  { key: 'date', label: 'Added' },
];
