/** What deleting and pruning need of their surroundings, besides what `ports.ts` has. */
import type { Bytes } from '../bytes.ts';
import type { ChunkId, RelayId } from '../ids.ts';
import type { DeleteStatus } from '../protocol/deletion-routes.ts';
import type { ChunkEntry } from '../protocol/routes.ts';
import type { JournalEntry, SwarmPort } from './ports.ts';

/** The right to delete one chunk. Whoever sees it can delete that chunk, and no other. */
export interface Deletion {
  readonly id: ChunkId;
  readonly token: Bytes;
  readonly bodyHash: Bytes;
}

export interface DeletionOutcome {
  readonly id: ChunkId;
  readonly status: DeleteStatus;
  /** Relays that say they do not hold the chunk any more and will refuse it. */
  readonly confirmed: readonly RelayId[];
  /** Live relays that have not confirmed. */
  readonly pending: readonly RelayId[];
}

export interface DeletionPort extends Pick<SwarmPort, 'members'> {
  /** At most `MAX_DELETE_BATCH`; the outcomes come in the same order. What they say is the relays' word. */
  deleteChunks(deletions: readonly Deletion[], signal: AbortSignal): Promise<readonly DeletionOutcome[]>;
}

export interface InventoryPage {
  readonly rows: readonly ChunkEntry[];
  /** Whether rows may follow. */
  readonly more: boolean;
}

export interface InventoryPort extends Pick<SwarmPort, 'members'> {
  /** What a relay says that it holds, by id, from the first after `after`. Nothing of it is to be believed unchecked. */
  inventory(relay: RelayId, after: string, limit: number, signal: AbortSignal): Promise<InventoryPage>;
}

// --- this device's database ----------------------------------------------------------------------------------

/** One upload of this device, in whatever state. */
export interface OwnedUpload {
  /** What an error calls it. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Kept as complete: a journal that then lacks its end has been damaged. */
  readonly complete: boolean;
  /** Whether it went where this command looks: the swarm, or this folder of the local simulation. */
  readonly here: boolean;
  entries(): AsyncIterable<JournalEntry>;
}

/**
 * Everything that this device knows of its chunks, or an error: what could not be read might refer to any of them. Both
 * methods throw `CORRUPT` or `IO` rather than leave anything out, and see what was written before they were called.
 */
export interface OwnedDatabase {
  /** Journals of all uploads: finished, unfinished, paused, of any age. */
  uploads(): AsyncIterable<OwnedUpload>;
  /** Chunks that anything else refers to: stored manifests, links that were published. */
  otherReferences(): AsyncIterable<ChunkId>;
}
