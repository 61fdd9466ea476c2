import type { RelayId } from '../../../shared/ids.ts';
import type { AtomicRecord, ListEntry, ListRemoval, RecordKey } from '../../../shared/protocol/records.ts';

/** Relays that have a record durably, this one included where it is one of its holders. */
export interface StoredRecord {
  readonly holders: readonly RelayId[];
}

/**
 * The swarm's small signed values, wherever they lie. What comes out has been verified. Throws `UNAVAILABLE` when no holder
 * of the record's key can be reached.
 */
export interface Records {
  /** Throws `CONFLICT` when a holder has a higher sequence number, `FORBIDDEN` for a wrong signature. */
  putAtomic(record: AtomicRecord, signal: AbortSignal): Promise<StoredRecord>;
  /** The newest that a holder has, or null. */
  getAtomic(publicKeyHex: string, signal: AbortSignal): Promise<AtomicRecord | null>;
  /** Throws `DELETED` for an entry that was removed, `NO_SPACE` when the list or the signer's share is full, `FORBIDDEN`. */
  append(list: RecordKey, entry: ListEntry, signal: AbortSignal): Promise<StoredRecord>;
  /** Fine for an entry that is not there, or not any more. Throws `FORBIDDEN`. */
  remove(list: RecordKey, removal: ListRemoval, signal: AbortSignal): Promise<StoredRecord>;
  /** The entries that are not removed: the union of what the holders have. At most `MAX_LIST_ENTRIES`. */
  entries(list: RecordKey, signal: AbortSignal): Promise<readonly ListEntry[]>;
}
