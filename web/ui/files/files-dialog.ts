/** The dialogs of the Files view, one at a time. */
import type { Entry } from '../../state/entries.ts';
import type { PickedFile, StoredFile } from '../../state/engine-types.ts';

export type FilesDialog =
  | { readonly kind: 'preview'; readonly file: StoredFile }
  | { readonly kind: 'share'; readonly file: StoredFile }
  | { readonly kind: 'publish'; readonly file: StoredFile }
  | { readonly kind: 'details'; readonly file: StoredFile }
  | { readonly kind: 'delete'; readonly entries: readonly Entry[] }
  | { readonly kind: 'move'; readonly entries: readonly Entry[] }
  | { readonly kind: 'rename'; readonly entry: Entry }
  | { readonly kind: 'new-folder' }
  | { readonly kind: 'paste-link' }
  /** Dropped files that end in `.manifest`, until the user says what they are. */
  | { readonly kind: 'import'; readonly offered: readonly PickedFile[] };
