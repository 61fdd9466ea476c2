/** The swarm's lists in memory, as hostile as a test wants them. */
import { AppError, abortError } from '../../../../shared/errors.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { entryId, verifyEntry, verifyRemoval } from '../../../../shared/protocol/records.ts';
import type { ListEntry, ListRemoval, RecordKey } from '../../../../shared/protocol/records.ts';
import type { Records, StoredRecord } from '../../../../relay/services/dht/records.ts';

type Lists = Pick<Records, 'append' | 'remove' | 'entries'>;

export class FakeRecords implements Lists {
  readonly lists = new Map<RecordKey, Map<string, ListEntry>>();
  readonly removed = new Set<string>();
  /** Lists that no holder answers for, and lists whose holders never answer. */
  readonly unreachable = new Set<RecordKey>();
  readonly silent = new Set<RecordKey>();
  /** How often each list was read. */
  readonly reads = new Map<RecordKey, number>();
  readonly holders: RelayId[] = [];

  /** Puts an entry where a hostile holder would, without a check. */
  plant(list: RecordKey, entry: ListEntry): void {
    this.plantAs(entryId(list, entry), list, entry);
  }

  /** The same for what has no id, since it cannot be signed. */
  plantAs(id: string, list: RecordKey, entry: ListEntry): void {
    this.#list(list).set(id, entry);
  }

  async append(list: RecordKey, entry: ListEntry): Promise<StoredRecord> {
    await verifyEntry(list, entry);
    const id = entryId(list, entry);
    if (this.removed.has(id)) throw new AppError('DELETED', 'The entry was removed.');
    this.#list(list).set(id, entry);
    return { holders: this.holders };
  }

  async remove(list: RecordKey, removal: ListRemoval): Promise<StoredRecord> {
    await verifyRemoval(list, removal);
    const known = this.#list(list).get(removal.entry);
    if (known !== undefined && known.public_key !== removal.public_key)
      throw new AppError('FORBIDDEN', 'The entry is another’s.');
    this.removed.add(removal.entry);
    this.#list(list).delete(removal.entry);
    return { holders: this.holders };
  }

  async entries(list: RecordKey, signal: AbortSignal): Promise<readonly ListEntry[]> {
    this.reads.set(list, (this.reads.get(list) ?? 0) + 1);
    if (this.unreachable.has(list)) throw new AppError('UNAVAILABLE', 'No holder answers.');
    if (this.silent.has(list)) await forever(signal);
    return [...this.#list(list).values()];
  }

  #list(list: RecordKey): Map<string, ListEntry> {
    const found = this.lists.get(list) ?? new Map<string, ListEntry>();
    this.lists.set(list, found);
    return found;
  }
}

function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(abortError(signal)), { once: true });
  });
}
