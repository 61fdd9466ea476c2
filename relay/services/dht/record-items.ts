/** What relays send each other of records: items that verify by themselves, rows that name them, and what became of them. */
import Type from 'typebox';
import type { Static } from 'typebox';
import { MAX_DIGESTS_PER_RPC, MAX_RECORDS_PER_RPC, RECORD_ROWS_PER_RPC } from '../../../shared/limits.ts';
import { AtomicRecord, ListEntry, ListRemoval, atomicKey } from '../../../shared/protocol/records.ts';
import type { RecordKey } from '../../../shared/protocol/records.ts';
import { Hex, Id } from '../../../shared/protocol/schemas.ts';
import { rpcMethod } from '../rpc.ts';

/** Exactly one of a record, an entry and a removal; the list belongs to the last two. */
export const RecordItem = Type.Union([
  Type.Object({ kind: Type.Literal('atomic'), record: AtomicRecord }),
  Type.Object({ kind: Type.Literal('entry'), list: Id, entry: ListEntry }),
  Type.Object({ kind: Type.Literal('removal'), list: Id, removal: ListRemoval }),
]);
export type RecordItem = Static<typeof RecordItem>;

/**
 * `stored`: durable there, now or before. `stale`: it has a higher sequence number. `removed`: the entry's signer has removed it.
 * `full`: no room in the list or for the signer; `no-space`: none on the relay. `void`: the signature is not that of the one who may. `refused`: not near the key.
 */
export const StoreOutcome = Type.Union([
  Type.Literal('stored'),
  Type.Literal('stale'),
  Type.Literal('removed'),
  Type.Literal('full'),
  Type.Literal('no-space'),
  Type.Literal('void'),
  Type.Literal('refused'),
]);
export type StoreOutcome = Static<typeof StoreOutcome>;

/** Names a row of a list: entry id, signer, and `1` if it is removed, else `0`. */
export const RowName = Type.String({ pattern: '^[0-9a-f]{64}:[0-9a-f]{64}:[01]$' });

export interface NamedRow {
  readonly id: string;
  readonly public_key: string;
  readonly removed: boolean;
}

export function rowName({ id, public_key, removed }: NamedRow): string {
  return `${id}:${public_key}:${removed ? '1' : '0'}`;
}

/** `name`: of the pattern of `RowName`. */
export function parseRowName(name: string): NamedRow {
  return { id: name.slice(0, 64), public_key: name.slice(65, 129), removed: name.endsWith('1') };
}

export function keyOf(item: RecordItem): RecordKey {
  return item.kind === 'atomic' ? atomicKey(item.record.public_key) : item.list;
}

const Items = Type.Array(RecordItem, { maxItems: MAX_RECORDS_PER_RPC });
const Keys = Type.Array(Id, { maxItems: MAX_DIGESTS_PER_RPC });
const Names = Type.Array(RowName, { maxItems: RECORD_ROWS_PER_RPC });

/** Outcomes in the order of the items. */
export const STORE_RECORDS = rpcMethod(
  'records.store',
  Type.Object({ items: Items }),
  Type.Object({ outcomes: Type.Array(StoreOutcome, { maxItems: MAX_RECORDS_PER_RPC }) }),
);

/** What is held under each key, in the order of the keys; empty: nothing. */
export const RECORD_DIGESTS = rpcMethod(
  'records.digests',
  Type.Object({ keys: Keys }),
  Type.Object({
    digests: Type.Array(Type.Union([Hex(32), Type.Literal('')]), { maxItems: MAX_DIGESTS_PER_RPC }),
  }),
);

/** The atomic record at each key, in the order of the keys. */
export const GET_ATOMIC = rpcMethod(
  'records.atomic',
  Type.Object({ keys: Type.Array(Id, { maxItems: MAX_RECORDS_PER_RPC }) }),
  Type.Object({
    records: Type.Array(Type.Union([AtomicRecord, Type.Null()]), { maxItems: MAX_RECORDS_PER_RPC }),
  }),
);

/** The rows of a list after `after` (empty: from the first); fewer than `RECORD_ROWS_PER_RPC` are the last. */
export const LIST_ROWS = rpcMethod(
  'records.rows',
  Type.Object({ list: Id, after: Type.Union([RowName, Type.Literal('')]) }),
  Type.Object({ rows: Names }),
);

/** The rows named, as far as they are held. */
export const FETCH_ROWS = rpcMethod(
  'records.fetch',
  Type.Object({ list: Id, rows: Type.Array(RowName, { maxItems: MAX_RECORDS_PER_RPC }) }),
  Type.Object({ items: Items }),
);
