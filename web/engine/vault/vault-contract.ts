/** What the app's state layer sees of the vault: its folders, how far its devices are in step, and its 24 words. */
import type { ErrorCode } from '../../../shared/errors.ts';

export interface VaultStatus {
  /** The list of files is being read, or could not be: then files of this browser are shown, and nothing can be changed. */
  readonly state: 'opening' | 'open' | 'failed';
  /** Files and changes here that other devices cannot see yet. */
  readonly unpublished: boolean;
  /** Devices of the vault that have published, this one included once it has; null until the swarm was asked. */
  readonly devices: number | null;
  /** Devices whose newest changes could not be read: there may be more files. */
  readonly unread: number;
  readonly syncing: boolean;
  /** When the devices were last compared, ISO 8601; null if not in this visit. */
  readonly comparedAt: string | null;
  /** Why the last comparison failed, or the list could not be opened. It is tried again by itself. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
}

export interface RestoredVault {
  /** Of the vault that the words lead to. */
  readonly files: number;
  readonly devices: number;
  /** Devices whose newest changes could not be read. */
  readonly unread: number;
}

/**
 * Paths have their parts joined by `/`; the top is the empty one. Changes are durable here when they resolve, and published to the
 * vault's other devices soon after. All throw `IO`, `NO_SPACE`, and `UNAVAILABLE` where the code for it could not be loaded.
 */
export interface VaultPort {
  /** Paths of all folders; called at once and on each change. Returns how to stop. */
  watchFolders(callback: (folders: readonly string[]) => void): () => void;
  /** Called at once and on each change. Returns how to stop. */
  watchStatus(callback: (status: VaultStatus) => void): () => void;
  /** With the folders above it. Throws `BAD_INPUT` for a name that cannot be, or that something there has. */
  createFolder(path: string): Promise<void>;
  /** A file or folder. Throws as `createFolder`, and `NOT_FOUND`. */
  rename(path: string, newName: string): Promise<void>;
  /**
   * Files and folders into a folder, which need not be there yet. A folder joins one of its name there; a file gets a number if its
   * name is taken. Throws `BAD_INPUT` for a folder that would be inside itself, `NOT_FOUND`.
   */
  move(paths: readonly string[], targetFolder: string): Promise<void>;
  /** With the folders in it. Files in it stay, and the folders that lead to them for as long. Throws `NOT_FOUND`. */
  removeFolder(path: string): Promise<void>;
  /** Compares with the other devices now. Throws as `VaultSync.publish`, `ABORTED`. */
  compare(signal: AbortSignal): Promise<void>;
  /** The vault's secret as 24 words. */
  phrase(): Promise<string>;
  /** All words that a phrase can have, in order. */
  phraseWords(): Promise<readonly string[]>;
  /**
   * Makes this browser a device of the vault that the words lead to. What it has of its own joins that vault. Throws `BAD_INPUT` for
   * what are no 24 words, `CONFLICT` for the words of this vault, while anything is uploaded, and while files of this one are published, `NOT_FOUND` where nothing lies under
   * the words, `UNAVAILABLE` where what lies there cannot be read now, `ABORTED`, `NO_SPACE`, `IO`.
   */
  restore(phrase: string, signal: AbortSignal): Promise<RestoredVault>;
}
