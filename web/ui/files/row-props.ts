/** What the list gives each row. */
import type { FileActions } from './file-actions.ts';
import type { EntryDrag } from './entry-drag.svelte.ts';
import type { Entry } from '../../state/entries.ts';

export interface RowProps<E extends Entry> {
  readonly entry: E;
  /** Position in the whole list, from 2: the header is the first row. */
  readonly rowIndex: number;
  readonly selected: boolean;
  /** Whether the folder that it is in stands above its name. */
  readonly showFolder: boolean;
  /** A click on the row or its box: with Shift from the last one to this, else this one. */
  readonly onselect: (event: { readonly shiftKey: boolean }) => void;
  /** The rows that are dragged with it. */
  readonly dragged: () => readonly Entry[];
  readonly drag: EntryDrag;
  readonly actions: FileActions;
}
