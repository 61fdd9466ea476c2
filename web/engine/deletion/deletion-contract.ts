/** What the app's state layer sees of deletions. */
import type { ErrorCode } from '../../../shared/errors.ts';
import type { ManifestId, RelayId } from '../../../shared/ids.ts';

export type DeletionState =
  | 'waiting'
  | 'running'
  /** Every relay that had a part has confirmed. */
  | 'deleted'
  /** Told to the swarm; relays that are away have yet to confirm. It is asked again by itself. */
  | 'pending'
  | 'failed'
  /** By the user. */
  | 'stopped';

export interface DeletionRelay {
  readonly relay: RelayId;
  readonly state: 'asked' | 'confirmed' | 'pending';
}

/** One file, or the beginning of one whose upload was given up, on its way out of the swarm. */
export interface FileDeletion {
  readonly id: string;
  readonly name: string;
  readonly manifestId: ManifestId | null;
  readonly state: DeletionState;
  readonly chunksDone: number;
  readonly chunkCount: number;
  /** Relays that have a part by receipt. */
  readonly relays: readonly DeletionRelay[];
  /** Chunks that another device or vault has made. */
  readonly foreignChunks: number;
  /** Relays may have been told: it cannot be taken back. */
  readonly begun: boolean;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
}

export interface Deletions {
  /** All of this visit, and what earlier ones left, oldest first; at most 10 calls a second. Returns how to stop. */
  watch(callback: (deletions: readonly FileDeletion[]) => void): () => void;
  /**
   * Deletes a file for everybody. It leaves the list once the swarm was told. Throws `FORBIDDEN` for one that this device has
   * not uploaded, `CONFLICT` while another tab works on it.
   */
  start(manifestId: ManifestId): Promise<void>;
  /** Stops one that waits or runs. Resolves when it has stopped. */
  stop(id: string): Promise<void>;
  /** Goes on with what is left of one that is `stopped`, `failed` or `pending`. */
  retry(id: string): Promise<void>;
  /** Takes back one that is not `begun`; the file stays. Throws `CONFLICT` otherwise. */
  keep(id: string): Promise<void>;
  /** Takes one that does not run off the list; what is left of it is gone on with at the next visit. */
  dismiss(id: string): Promise<void>;
}
