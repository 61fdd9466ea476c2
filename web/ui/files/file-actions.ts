/** What the list can ask for. */
import type { Entry, FolderEntry } from '../../state/entries.ts';
import type { StoredFile } from '../../state/engine-types.ts';

export interface FileActions {
  readonly open: (file: StoredFile) => void;
  readonly openFolder: (path: string) => void;
  readonly download: (files: readonly StoredFile[]) => void;
  /** `owner`: whoever has it can delete the file, too. */
  readonly exportManifests: (files: readonly StoredFile[], owner?: boolean) => void;
  readonly share: (file: StoredFile) => void;
  /** Shows on which machines it lies. */
  readonly locate: (file: StoredFile) => void;
  /** Asks first. */
  readonly publish: (file: StoredFile) => void;
  readonly details: (file: StoredFile) => void;
  /** Asks for the new name. */
  readonly rename: (entry: Entry) => void;
  /** Asks where to. */
  readonly move: (entries: readonly Entry[]) => void;
  /** Moves what is dragged, if anything is. */
  readonly dropInto: (folder: FolderEntry['path']) => void;
  /** Asks first. */
  readonly delete: (entries: readonly Entry[]) => void;
}
