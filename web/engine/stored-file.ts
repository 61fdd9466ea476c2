import type { ManifestId } from '../../shared/ids.ts';

/** A file in the list: one manifest. */
export interface StoredFile {
  readonly manifestId: ManifestId;
  /** Its folders and its name, `/` between them; different from all others in the list. */
  readonly path: string;
  /** The last part of `path`. */
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  /** ISO 8601. */
  readonly created: string;
  readonly chunkCount: number;
  /** Holders of the chunk with the fewest at upload; null for an imported manifest, whose holders are not known. */
  readonly minReplicas: number | null;
  /** Whether this device may delete it: it holds the upload's journal, or was given the right to. */
  readonly owned: boolean;
  /** Another device of this vault has uploaded it, and deletes it once it is taken off the list. */
  readonly byOtherDevice?: true;
}
