import type { Attachment } from 'svelte/attachments';
import { readColours } from './picture-colours.ts';
import type { PictureColours } from './picture-colours.ts';

export interface Tint {
  /** Null before the element is there. */
  readonly colours: PictureColours | null;
  readonly attach: Attachment<HTMLElement>;
}

/** The design's colours on an element, read again when the theme changes, here or in the system. */
export function tinted(): Tint {
  let colours = $state.raw<PictureColours | null>(null);
  return {
    get colours() {
      return colours;
    },
    attach: (element) => {
      const read = (): void => {
        colours = readColours(element);
      };
      read();
      const system = matchMedia('(prefers-color-scheme: dark)');
      system.addEventListener('change', read);
      const chosen = new MutationObserver(read);
      chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
      return () => {
        system.removeEventListener('change', read);
        chosen.disconnect();
      };
    },
  };
}
