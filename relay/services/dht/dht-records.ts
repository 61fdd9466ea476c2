/** `Records` over the DHT: each record at the first five relays of its key’s order that take it, read from all of them. */
import { AppError, throwIfAborted } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import { REPLICAS } from '../../../shared/limits.ts';
import { atomicKey, verifyAtomic, verifyEntry, verifyRemoval } from '../../../shared/protocol/records.ts';
import type { AtomicRecord, ListEntry, ListRemoval, RecordKey } from '../../../shared/protocol/records.ts';
import type { DhtNode } from './dht-node.ts';
import { keyOf } from './record-items.ts';
import type { RecordItem, StoreOutcome } from './record-items.ts';
import { rowKeyOf } from './record-holders.ts';
import type { RecordHolder, RecordHolders } from './record-holders.ts';
import { readList } from './read-list.ts';
import { compareAtomic } from './record-store.ts';
import type { Records, StoredRecord } from './records.ts';

export interface DhtRecordsParts {
  readonly node: Pick<DhtNode, 'recordOrder'>;
  readonly holders: RecordHolders;
}

/** What one holder did with an item; `objection`: what speaks against the item, proven by a signature. */
interface Answer {
  readonly relay: RelayId;
  readonly outcome: StoreOutcome | 'unreachable';
  readonly objection?: AppError;
}

export class DhtRecords implements Records {
  readonly #parts: DhtRecordsParts;

  constructor(parts: DhtRecordsParts) {
    this.#parts = parts;
  }

  async putAtomic(record: AtomicRecord, signal: AbortSignal): Promise<StoredRecord> {
    await verifyAtomic(record);
    return this.#place({ kind: 'atomic', record }, signal);
  }

  async getAtomic(publicKeyHex: string, signal: AbortSignal): Promise<AtomicRecord | null> {
    const key = atomicKey(publicKeyHex);
    let newest: AtomicRecord | null = null;
    await this.#fromHolders(
      key,
      async (holder) => {
        const [record = null] = await holder.atomic([key], signal);
        if (record !== null && (newest === null || compareAtomic(record, newest) > 0)) newest = record;
        return record !== null;
      },
      signal,
    );
    return newest;
  }

  async append(list: RecordKey, entry: ListEntry, signal: AbortSignal): Promise<StoredRecord> {
    await verifyEntry(list, entry);
    return this.#place({ kind: 'entry', list, entry }, signal);
  }

  async remove(list: RecordKey, removal: ListRemoval, signal: AbortSignal): Promise<StoredRecord> {
    await verifyRemoval(list, removal);
    return this.#place({ kind: 'removal', list, removal }, signal);
  }

  async entries(list: RecordKey, signal: AbortSignal): Promise<readonly ListEntry[]> {
    const digests = new Map<RecordHolder, string>();
    await this.#fromHolders(
      list,
      async (holder) => {
        const [digest = ''] = await holder.digests([list], signal);
        digests.set(holder, digest);
        return digest !== '';
      },
      signal,
    );
    return readList(list, digests, signal);
  }

  /** Stores on the first `REPLICAS` relays of the key's order that take the item. */
  async #place(item: RecordItem, signal: AbortSignal): Promise<StoredRecord> {
    const waiting = await this.#parts.node.recordOrder(keyOf(item), signal);
    const answers: Answer[] = [];
    let wanted = REPLICAS;
    while (wanted > 0 && waiting.length > 0) {
      const wave = waiting.splice(0, wanted);
      const settled = await Promise.all(wave.map((relay) => this.#storeOn(relay, item, signal)));
      throwIfAborted(signal);
      answers.push(...settled);
      // A list that is full is full on the relays that hold it: further ones are none of its holders.
      wanted -= settled.filter(({ outcome }) => isFinal(outcome)).length;
    }
    return verdict(answers);
  }

  async #storeOn(relay: RelayId, item: RecordItem, signal: AbortSignal): Promise<Answer> {
    const holder = this.#parts.holders.of(relay);
    try {
      const [outcome = 'refused'] = await holder.store([item], signal);
      if (outcome !== 'stale' && outcome !== 'removed') return { relay, outcome };
      const objection = await proofAgainst(item, holder, signal);
      return objection === null ? { relay, outcome: 'unreachable' } : { relay, outcome, objection };
    } catch {
      throwIfAborted(signal);
      return { relay, outcome: 'unreachable' };
    }
  }

  /**
   * Asks the five holders of a key, and the rest of its neighbourhood when none of them has anything: its records may be on their
   * way. `ask` says whether its holder had something. Throws `UNAVAILABLE` when nobody could be asked.
   */
  async #fromHolders(
    key: RecordKey,
    ask: (holder: RecordHolder) => Promise<boolean>,
    signal: AbortSignal,
  ): Promise<void> {
    const order = await this.#parts.node.recordOrder(key, signal);
    let isReached = false;
    for (const relays of [order.slice(0, REPLICAS), order.slice(REPLICAS)]) {
      const answers = await Promise.allSettled(relays.map((relay) => ask(this.#parts.holders.of(relay))));
      throwIfAborted(signal);
      isReached ||= answers.some(({ status }) => status === 'fulfilled');
      if (answers.some((answer) => answer.status === 'fulfilled' && answer.value)) return;
    }
    if (!isReached) throw unavailable();
  }
}

/** Whether another relay instead of the one that gave this outcome would make no difference. */
function isFinal(outcome: Answer['outcome']): boolean {
  return outcome !== 'unreachable' && outcome !== 'refused' && outcome !== 'no-space';
}

function verdict(answers: readonly Answer[]): StoredRecord {
  const objection = answers.find((answer) => answer.objection !== undefined)?.objection;
  if (objection !== undefined) throw objection;
  const holders = answers.filter(({ outcome }) => outcome === 'stored').map(({ relay }) => relay);
  const count = (wanted: Answer['outcome']): number =>
    answers.filter(({ outcome }) => outcome === wanted).length;
  // Relays that do not have the entry take a removal on trust; those that have it know whose it is.
  if (count('void') > 0 && count('void') >= holders.length)
    throw new AppError('FORBIDDEN', 'Only its signer can remove an entry.');
  if (holders.length > 0) return { holders };
  if (count('full') > 0) throw new AppError('NO_SPACE', 'The list is full, or this signer’s share of it.');
  if (count('no-space') > 0) throw new AppError('NO_SPACE', 'The relays have no room for more records.');
  throw unavailable();
}

/** What the holder's answer is worth: the newer record or the removal that it speaks of, verified. Null: it lied. */
async function proofAgainst(
  item: RecordItem,
  holder: RecordHolder,
  signal: AbortSignal,
): Promise<AppError | null> {
  if (item.kind === 'atomic') {
    const [newer = null] = await holder.atomic([keyOf(item)], signal);
    if (newer === null || compareAtomic(newer, item.record) <= 0) return null;
    return new AppError('CONFLICT', 'There is a newer version of this record.', {
      details: { seq: newer.seq },
    });
  }
  const [id = '', public_key = ''] = rowKeyOf(item).split(':');
  const items = await holder.fetch(item.list, [{ id, public_key, removed: true }], signal);
  if (!items.some(({ kind }) => kind === 'removal')) return null;
  return new AppError('DELETED', 'Its signer has removed this entry.');
}

function unavailable(): AppError {
  return new AppError(
    'UNAVAILABLE',
    'None of the relays that keep this record can be reached. Try again soon.',
  );
}
