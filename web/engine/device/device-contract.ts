/** What the app's state layer sees of this browser as a place that keeps things. */
import type { AppError } from '../../../shared/errors.ts';
import type { ManifestId } from '../../../shared/ids.ts';

export interface BrowserStorage {
  /** Of this app; null where the browser does not tell. */
  readonly usedBytes: number | null;
  readonly quotaBytes: number | null;
  /** Whether the browser has promised not to clear it by itself; null where it makes no such promises. */
  readonly persisted: boolean | null;
}

export interface ManifestsExport {
  /** The manifests as a JSON text sequence (RFC 7464). */
  readonly text: Blob;
  readonly exported: number;
  /** Of those that could not be read. */
  readonly failures: readonly AppError[];
}

export interface ManifestsImport {
  readonly imported: number;
  /** Of the first file that was imported. */
  readonly firstName: string | null;
  readonly failures: readonly AppError[];
}

export interface ThisDevice {
  /** Whether Lanvault asks for a passphrase when it opens in this browser. */
  readonly hasPassphrase: boolean;
  storage(): Promise<BrowserStorage>;
  /** Asks the browser for that promise. Resolves with its answer. */
  persist(): Promise<boolean>;
  /** Whoever has them can read the files. `onProgress` hears how many are done. Throws `ABORTED`, `UNAVAILABLE`. */
  exportManifests(
    ids: readonly ManifestId[],
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): Promise<ManifestsExport>;
  /** What `exportManifests` has written, or one manifest. Throws `ABORTED`, `UNAVAILABLE`. */
  importManifests(
    file: Blob,
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): Promise<ManifestsImport>;
}
