/** Rows of the list on their way to a folder. */
import { folderOf } from '../../../shared/format/file-path.ts';
import { isWithin } from '../../state/entries.ts';
import type { Entry } from '../../state/entries.ts';

/** Tells rows from files of the desktop; the rows themselves stay in the page. */
const TYPE = 'application/x-lanvault-rows';

export class EntryDrag {
  #entries = $state.raw<readonly Entry[]>([]);

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  start(event: DragEvent, entries: readonly Entry[]): void {
    this.#entries = entries;
    event.dataTransfer?.setData(TYPE, '');
    if (event.dataTransfer !== null) event.dataTransfer.effectAllowed = 'move';
  }

  /** Whether what is dragged can go there: not into itself, and not to where it is. */
  fits(folder: string): boolean {
    return (
      this.#entries.length > 0 &&
      this.#entries.every(
        ({ kind, path }) => kind === 'file' || (path !== folder && !isWithin(folder, path)),
      ) &&
      this.#entries.some(({ path }) => folderOf(path) !== folder)
    );
  }

  end(): void {
    this.#entries = [];
  }
}
