/** The relays that keep records, this one included, asked in the same way. What a relay answers is verified before anyone sees it. */
import { AppError } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import {
  MAX_DIGESTS_PER_RPC,
  MAX_LIST_ROWS,
  MAX_RECORDS_PER_RPC,
  RECORD_ROWS_PER_RPC,
  RECORD_RPC_TIMEOUT_MS,
} from '../../../shared/limits.ts';
import { atomicKey, entryId } from '../../../shared/protocol/records.ts';
import type { AtomicRecord, RecordKey } from '../../../shared/protocol/records.ts';
import { withDeadline } from '../deadline.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc, RpcRouter } from '../rpc.ts';
import {
  FETCH_ROWS,
  GET_ATOMIC,
  LIST_ROWS,
  RECORD_DIGESTS,
  STORE_RECORDS,
  keyOf,
  parseRowName,
  rowName,
} from './record-items.ts';
import type { NamedRow, RecordItem, StoreOutcome } from './record-items.ts';
import { isGenuine } from './record-store.ts';
import type { RecordStore } from './record-store.ts';

/** Any number of items, keys and rows: they are sent in batches. Each throws what the request throws. */
export interface RecordHolder {
  readonly relay: RelayId;
  /** Outcomes in the order of the items. */
  store(items: readonly RecordItem[], signal: AbortSignal): Promise<StoreOutcome[]>;
  /** Digests in the order of the keys. */
  digests(keys: readonly RecordKey[], signal: AbortSignal): Promise<string[]>;
  /** Genuine records, in the order of the keys. */
  atomic(keys: readonly RecordKey[], signal: AbortSignal): Promise<(AtomicRecord | null)[]>;
  /** Names of all rows of a list, at most `MAX_LIST_ROWS`. */
  rows(list: RecordKey, signal: AbortSignal): Promise<NamedRow[]>;
  /** The genuine ones of the rows asked for. */
  fetch(list: RecordKey, rows: readonly NamedRow[], signal: AbortSignal): Promise<RecordItem[]>;
}

export interface RecordHoldersParts {
  readonly self: RelayId;
  readonly store: RecordStore;
  readonly rpc: PeerRpc;
  readonly clock: Pick<Clock, 'sleep'>;
}

export class RecordHolders {
  readonly #parts: RecordHoldersParts;

  constructor(parts: RecordHoldersParts) {
    this.#parts = parts;
  }

  of(relay: RelayId): RecordHolder {
    const { self, store } = this.#parts;
    return relay === self ? new LocalHolder(self, store) : new RemoteHolder(relay, this.#parts);
  }
}

/** Answers other relays. `mayKeep`: whether this relay is near enough to a key to keep its record. */
export function answerRecords(
  router: RpcRouter,
  store: RecordStore,
  mayKeep: (key: RecordKey) => boolean,
): void {
  router.handle(STORE_RECORDS, async ({ items }, from) => {
    const near = items.map((item) => mayKeep(keyOf(item)));
    const wanted = items.filter((_, index) => near[index] === true);
    const outcomes = await store.store(wanted, from);
    const next = outcomes.values();
    return { outcomes: near.map((isNear) => (isNear ? (next.next().value ?? 'refused') : 'refused')) };
  });
  router.handle(RECORD_DIGESTS, ({ keys }) => ({ digests: keys.map((key) => store.digest(key)) }));
  router.handle(GET_ATOMIC, ({ keys }) => ({ records: keys.map((key) => store.atomic(key)) }));
  router.handle(LIST_ROWS, ({ list, after }) => {
    const from = after === '' ? null : parseRowName(after);
    return { rows: store.rows(list, from, RECORD_ROWS_PER_RPC).map(rowName) };
  });
  router.handle(FETCH_ROWS, ({ list, rows }) => ({ items: store.items(list, rows.map(parseRowName)) }));
}

class LocalHolder implements RecordHolder {
  readonly relay: RelayId;
  readonly #store: RecordStore;

  constructor(relay: RelayId, store: RecordStore) {
    this.relay = relay;
    this.#store = store;
  }

  store(items: readonly RecordItem[]): Promise<StoreOutcome[]> {
    return this.#store.store(items, this.relay);
  }

  digests(keys: readonly RecordKey[]): Promise<string[]> {
    return Promise.resolve(keys.map((key) => this.#store.digest(key)));
  }

  atomic(keys: readonly RecordKey[]): Promise<(AtomicRecord | null)[]> {
    return Promise.resolve(keys.map((key) => this.#store.atomic(key)));
  }

  rows(list: RecordKey): Promise<NamedRow[]> {
    return Promise.resolve(this.#store.rows(list, null, MAX_LIST_ROWS));
  }

  fetch(list: RecordKey, rows: readonly NamedRow[]): Promise<RecordItem[]> {
    return Promise.resolve(this.#store.items(list, rows));
  }
}

class RemoteHolder implements RecordHolder {
  readonly relay: RelayId;
  readonly #parts: RecordHoldersParts;

  constructor(relay: RelayId, parts: RecordHoldersParts) {
    this.relay = relay;
    this.#parts = parts;
  }

  store(items: readonly RecordItem[], signal: AbortSignal): Promise<StoreOutcome[]> {
    return this.#inBatches(items, MAX_RECORDS_PER_RPC, signal, async (batch, either) => {
      const { outcomes } = await this.#parts.rpc.call(this.relay, STORE_RECORDS, { items: batch }, either);
      return outcomes;
    });
  }

  digests(keys: readonly RecordKey[], signal: AbortSignal): Promise<string[]> {
    return this.#inBatches(keys, MAX_DIGESTS_PER_RPC, signal, async (batch, either) => {
      const { digests } = await this.#parts.rpc.call(this.relay, RECORD_DIGESTS, { keys: batch }, either);
      return digests;
    });
  }

  atomic(keys: readonly RecordKey[], signal: AbortSignal): Promise<(AtomicRecord | null)[]> {
    return this.#inBatches(keys, MAX_RECORDS_PER_RPC, signal, async (batch, either) => {
      const { records } = await this.#parts.rpc.call(this.relay, GET_ATOMIC, { keys: batch }, either);
      return Promise.all(
        records.map(async (record, index) => {
          if (record === null || atomicKey(record.public_key) !== batch[index]) return null;
          return (await isGenuine({ kind: 'atomic', record })) ? record : null;
        }),
      );
    });
  }

  async rows(list: RecordKey, signal: AbortSignal): Promise<NamedRow[]> {
    const names = new Set<string>();
    let after = '';
    while (names.size < MAX_LIST_ROWS) {
      const { rows } = await this.#within(signal, (either) =>
        this.#parts.rpc.call(this.relay, LIST_ROWS, { list, after }, either),
      );
      for (const name of rows) names.add(name);
      const last = rows.at(-1);
      if (last === undefined || rows.length < RECORD_ROWS_PER_RPC) break;
      // Pages that do not go on would never end.
      if (last <= after) throw new AppError('CORRUPT', 'A relay’s list goes round in circles.');
      after = last;
    }
    return Array.from(names, parseRowName).slice(0, MAX_LIST_ROWS);
  }

  async fetch(list: RecordKey, rows: readonly NamedRow[], signal: AbortSignal): Promise<RecordItem[]> {
    const asked = new Set(rows.map(({ id, public_key }) => `${id}:${public_key}`));
    const items: RecordItem[] = [];
    for (let at = 0; at < rows.length; at += MAX_RECORDS_PER_RPC) {
      const batch = rows.slice(at, at + MAX_RECORDS_PER_RPC).map(rowName);
      const answer = await this.#within(signal, (either) =>
        this.#parts.rpc.call(this.relay, FETCH_ROWS, { list, rows: batch }, either),
      );
      const genuine = await Promise.all(
        answer.items.map(
          async (item) => isRowOf(list, item) && (await isGenuine(item)) && asked.has(rowKeyOf(item)),
        ),
      );
      items.push(...answer.items.filter((_, index) => genuine[index] === true));
    }
    return items;
  }

  /** Throws `CORRUPT` for an answer that is not of its question's length. */
  async #inBatches<T, R>(
    items: readonly T[],
    size: number,
    signal: AbortSignal,
    ask: (batch: T[], signal: AbortSignal) => Promise<readonly R[]>,
  ): Promise<R[]> {
    const answers: R[] = [];
    for (let at = 0; at < items.length; at += size) {
      const batch = items.slice(at, at + size);
      const answer = await this.#within(signal, (either) => ask(batch, either));
      if (answer.length !== batch.length)
        throw new AppError('CORRUPT', 'A relay answered for more or fewer records than it was asked about.');
      answers.push(...answer);
    }
    return answers;
  }

  #within<R>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<R>): Promise<R> {
    return withDeadline(this.#parts.clock, RECORD_RPC_TIMEOUT_MS, 'A relay’s answer', signal, work);
  }
}

export function rowKeyOf(item: RecordItem): string {
  if (item.kind === 'entry') return `${entryId(item.list, item.entry)}:${item.entry.public_key}`;
  if (item.kind === 'removal') return `${item.removal.entry}:${item.removal.public_key}`;
  return '';
}

function isRowOf(list: RecordKey, item: RecordItem): boolean {
  return item.kind !== 'atomic' && item.list === list;
}
