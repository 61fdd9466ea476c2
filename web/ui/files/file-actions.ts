/** What a row of the list can ask for. */
import type { StoredFile } from '../../state/engine-types.ts';

export interface FileActions {
  readonly open: (file: StoredFile) => void;
  readonly download: (file: StoredFile) => void;
  readonly exportManifest: (file: StoredFile) => void;
  readonly share: (file: StoredFile) => void;
  /** Shows on which machines it lies. */
  readonly locate: (file: StoredFile) => void;
  /** Asks first. */
  readonly publish: (file: StoredFile) => void;
  /** Asks first. */
  readonly delete: (files: readonly StoredFile[]) => void;
}
