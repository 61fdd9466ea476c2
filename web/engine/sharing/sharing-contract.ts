/** What the app's state layer sees of capability links. */
import type { ManifestId } from '../../../shared/ids.ts';
import type { StoredFile } from '../stored-file.ts';

export interface ShareLinks {
  /** `lanvault:<id>#<key>`: for the command line, and to be pasted into the app anywhere. */
  readonly link: string;
  /** The same for a browser, at this page's address. */
  readonly webLink: string;
}

export interface LinkedFile {
  readonly file: StoredFile;
  /** It is among this device's files already. */
  readonly listed: boolean;
  /** This device may delete it, or the link gives the right to. */
  readonly mayDelete: boolean;
}

export interface Sharing {
  /**
   * The links of a file: who has one can read it, for as long as it is in the swarm. The first time, its manifest is stored in the
   * swarm. Throws `NOT_ENOUGH_RELAYS`, `UNAVAILABLE`, `NO_SPACE`, `IO`, `ABORTED`.
   */
  share(manifestId: ManifestId, signal: AbortSignal): Promise<ShareLinks>;
  /**
   * As `share`: who has one of these links can read the file, and delete it for everybody. Throws `FORBIDDEN` for a file that this
   * device cannot delete, too.
   */
  shareAsOwner(manifestId: ManifestId, signal: AbortSignal): Promise<ShareLinks>;
  /**
   * Opens a link in either form, an owner's as well: the file can be streamed and downloaded, and is not on the list. Throws `BAD_INPUT` for what is no
   * link, `CHUNK_LOST` where nobody here has it or the key does not fit, `CORRUPT`, `UNSUPPORTED`, `TOO_LARGE`, `UNAVAILABLE`, `ABORTED`.
   */
  open(text: string, signal: AbortSignal): Promise<LinkedFile>;
  /** Puts an opened file on the list, with the right to delete it that its link gave. Throws `NOT_FOUND`, `NO_SPACE`. */
  keep(manifestId: ManifestId): Promise<StoredFile>;
  /** Forgets an opened file that was not kept. */
  close(manifestId: ManifestId): Promise<void>;
}
