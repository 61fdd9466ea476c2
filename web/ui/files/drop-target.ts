/** Lets rows be dropped on an element. */
import type { Attachment } from 'svelte/attachments';
import type { EntryDrag } from './entry-drag.svelte.ts';

/** The element has the class `drop-here` while what is dragged is over it and fits. */
export function dropTarget(
  drag: EntryDrag,
  folder: string,
  ondrop: (folder: string) => void,
): Attachment<HTMLElement> {
  return (element) => {
    const leave = (): void => element.classList.remove('drop-here');
    const over = (event: DragEvent): void => {
      if (!drag.fits(folder)) return;
      event.preventDefault();
      element.classList.add('drop-here');
    };
    const drop = (event: DragEvent): void => {
      leave();
      if (!drag.fits(folder)) return;
      event.preventDefault();
      ondrop(folder);
    };
    element.addEventListener('dragenter', over);
    element.addEventListener('dragover', over);
    element.addEventListener('dragleave', leave);
    element.addEventListener('drop', drop);
    return () => {
      leave();
      element.removeEventListener('dragenter', over);
      element.removeEventListener('dragover', over);
      element.removeEventListener('dragleave', leave);
      element.removeEventListener('drop', drop);
    };
  };
}
