/** What keys do in the file list, beside the arrows. */
import { folderOf } from '../../../shared/format/file-path.ts';
import type { Entry } from '../../state/entries.ts';
import type { Files } from '../../state/files.svelte.ts';
import type { FileActions } from './file-actions.ts';

export const KEY_HELP: readonly { readonly keys: string; readonly does: string }[] = [
  { keys: '↑ ↓ Home End', does: 'go from row to row' },
  { keys: '← → Tab', does: 'go along a row, to its buttons' },
  { keys: 'Enter', does: 'open' },
  { keys: 'Space', does: 'select, or not any more' },
  { keys: 'Shift + Space, ↑ or ↓', does: 'select up to here' },
  { keys: 'Ctrl + A', does: 'select all' },
  { keys: 'Esc', does: 'select none' },
  { keys: 'F2', does: 'rename' },
  { keys: 'Delete', does: 'delete, after a question' },
  { keys: 'Backspace', does: 'leave the folder' },
];

interface ListKeysOptions {
  readonly files: Files;
  readonly actions: FileActions;
  /** What is acted on with a row. */
  readonly together: (entry: Entry) => readonly Entry[];
  readonly focusFirst: () => void;
}

export interface ListKeys {
  readonly pressed: (event: KeyboardEvent) => void;
  readonly released: (event: KeyboardEvent) => void;
}

/** Takes keys from the list's rows, and from the page while nothing has the focus. */
export function listKeys({ files, actions, together, focusFirst }: ListKeysOptions): ListKeys {
  const { selection } = files;

  function entryAt(target: EventTarget | null): Entry | undefined {
    const key = target instanceof Element ? target.closest('[data-key]')?.getAttribute('data-key') : null;
    return files.visible.find((entry) => entry.key === key);
  }

  /** Space presses the other buttons, and ticks a box. */
  function selects({ target, key, shiftKey }: KeyboardEvent): boolean {
    return key === ' ' && target instanceof Element && (shiftKey || target.matches('.open, [data-key]'));
  }

  function act(event: KeyboardEvent, entry: Entry | undefined): boolean {
    const { key, shiftKey, altKey } = event;
    if (event.ctrlKey || event.metaKey) {
      if (key.toLowerCase() !== 'a') return false;
      selection.all();
    } else if (key === 'Escape') selection.none();
    else if (key === 'Delete') {
      const entries = entry === undefined ? files.selected : together(entry);
      if (entries.length > 0) actions.delete(entries);
    } else if (key === 'Backspace' || (altKey && key === 'ArrowUp')) {
      if (files.folder === '') return false;
      actions.openFolder(folderOf(files.folder));
    } else if (entry === undefined) {
      if (key !== 'ArrowDown') return false;
      focusFirst();
    } else if (key === 'F2') actions.rename(entry);
    else if (selects(event)) {
      if (shiftKey) selection.extendTo(entry.key);
      else selection.toggle(entry.key);
    } else return false;
    return true;
  }

  return {
    pressed(event) {
      if (
        event.defaultPrevented ||
        (event.target instanceof Element && event.target.closest('[popover]') !== null)
      )
        return;
      if (act(event, entryAt(event.target))) event.preventDefault();
    },
    // Firefox presses a button when the space bar comes up.
    released(event) {
      if (event.key === ' ' && entryAt(event.target) !== undefined && selects(event)) event.preventDefault();
    },
  };
}
