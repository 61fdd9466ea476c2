/** Shows a `<dialog>` as modal while it is in the page, and gives the focus back when it goes. */
import type { Attachment } from 'svelte/attachments';

export const modal: Attachment<HTMLDialogElement> = (dialog) => {
  const before = document.activeElement;
  dialog.showModal();
  return () => {
    // Told of later, when its owner may show another one already.
    dialog.addEventListener('close', (event) => event.stopImmediatePropagation(), { capture: true });
    dialog.close();
    if (before instanceof HTMLElement && before.isConnected) before.focus();
  };
};
