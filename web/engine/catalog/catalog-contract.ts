/** What the app's state layer sees of the public catalog. */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { ManifestId } from '../../../shared/ids.ts';
import type { LinkedFile } from '../sharing/sharing-contract.ts';

/** An entry whose signature has been checked: its publisher says so, whoever that is. */
export interface PublishedFile {
  /** Of the entry, lowercase hex. */
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  /** ISO 8601; of the file, not of its publication. */
  readonly created: string;
  /** The publication, where this device has made it; null for others'. */
  readonly ownId: string | null;
}

/** A publication of this device that is not, or not certainly, in the catalog as it was read. */
export interface LoosePublication {
  readonly id: string;
  readonly manifestId: ManifestId;
  readonly name: string;
  readonly sizeBytes: number;
  /** `publishing`: begun and cut off. `unpublishing`: to be taken back, by itself. `missing`: no relay lists it any more. */
  readonly state: 'publishing' | 'unpublishing' | 'missing';
}

export interface CatalogNews {
  /** In no order. */
  readonly entries: readonly PublishedFile[];
  readonly loose: readonly LoosePublication[];
  /** Relays that keep a part of the catalog do not answer: there may be more. */
  readonly incomplete: boolean;
  /** There are more than are read at once: search for a name. */
  readonly truncated: boolean;
}

export interface CatalogView {
  /** Of the last time that it could be read; null before the first. */
  readonly news: CatalogNews | null;
  /** Why it could not be read just now. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
}

export interface PublicCatalog {
  /** What holds `q` in its name (all, for an empty one), now and again while the page is visible. Returns how to stop. */
  watch(q: string, callback: (view: CatalogView) => void): () => void;
  /**
   * Opens an entry as `Sharing.open` opens a link, and throws as that does; `CORRUPT` for a file of another size than the entry says,
   * `NOT_FOUND` for an entry that is in no list shown.
   */
  open(entryId: string, signal: AbortSignal): Promise<LinkedFile>;
  /**
   * Anyone on the swarm can find and read the file from then on, under this name. One that was cut off is gone on with. Throws
   * `NOT_FOUND`, `NO_SPACE` when the catalog is full, `NOT_ENOUGH_RELAYS`, `UNAVAILABLE`, `TIMEOUT`, `ABORTED`.
   */
  publish(manifestId: ManifestId, name: string, signal: AbortSignal): Promise<void>;
  /** Takes a publication of this device back. Throws `NOT_FOUND`, `UNAVAILABLE`, `TIMEOUT`: it is tried again by itself. */
  unpublish(ownId: string, signal: AbortSignal): Promise<void>;
  /** Takes back what is noted as to be taken back, as far as relays answer. */
  settle(): Promise<void>;
}
