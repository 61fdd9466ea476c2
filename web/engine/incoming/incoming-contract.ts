/** What the app's state layer sees of files that other programs hand over. */
import type { PickedFile } from '../picked-file.ts';

export interface IncomingFiles {
  /** Those that were shared with the installed app; each is given out once. Throws `IO`. */
  takeShared(): Promise<readonly PickedFile[]>;
  /** Called with the files that the installed app is opened with, from now on. Only one may watch. */
  watchOpened(callback: (files: readonly File[]) => void): void;
}
