/** What relays say to each other to keep their sets the same. */
import Type from 'typebox';
import { utf8 } from '../../../shared/bytes.ts';
import {
  GOSSIP_LEAF_IDS,
  MAX_GOSSIP_BATCH_BYTES,
  MAX_GOSSIP_ITEMS,
  MAX_GOSSIP_PREFIX,
  MAX_GOSSIP_RANGES,
  MAX_IDS_PER_RPC,
} from '../../../shared/limits.ts';
import { Hex, Id } from '../../../shared/protocol/schemas.ts';
import { rpcMethod } from '../rpc.ts';

const SetName = Type.String({ maxLength: 32 });
/** Checked by their set. */
const Items = Type.Array(Type.Unknown(), { maxItems: MAX_GOSSIP_ITEMS });
const Prefix = Type.String({ pattern: `^[0-9a-f]{0,${String(MAX_GOSSIP_PREFIX)}}$` });

/** News, with all there is to it. */
export const PUSH = rpcMethod('gossip.push', Type.Object({ set: SetName, items: Items }), Type.Object({}));

/** News by its ids alone; the answer says which of them are news. */
export const HAVE = rpcMethod(
  'gossip.have',
  Type.Object({ set: SetName, ids: Type.Array(Id, { maxItems: MAX_IDS_PER_RPC }) }),
  Type.Object({ want: Type.Array(Id, { maxItems: MAX_IDS_PER_RPC }) }),
);

/** Items by their ids; those that fit a message, in the order asked, without what is not there. */
export const WANT = rpcMethod(
  'gossip.want',
  Type.Object({ set: SetName, ids: Type.Array(Id, { maxItems: MAX_GOSSIP_ITEMS }) }),
  Type.Object({ items: Items }),
);

/** A range of ids, by the digits that they begin with, in which the answerer's set is another one. */
export const Difference = Type.Object({
  prefix: Prefix,
  /** The answerer's ids, when they are few … */
  ids: Type.Optional(Type.Array(Id, { maxItems: GOSSIP_LEAF_IDS })),
  /** … and the digests of its 16 parts when they are many. */
  parts: Type.Optional(Type.Array(Hex(32), { minItems: 16, maxItems: 16 })),
});

export const COMPARE = rpcMethod(
  'gossip.compare',
  Type.Object({
    set: SetName,
    ranges: Type.Array(Type.Object({ prefix: Prefix, digest: Hex(32) }), { maxItems: MAX_GOSSIP_RANGES }),
  }),
  Type.Object({ differ: Type.Array(Difference, { maxItems: MAX_GOSSIP_RANGES }) }),
);

/** The leading items that one message takes, at least one. */
export function firstBatch(items: readonly object[]): readonly object[] {
  let bytes = 0;
  const tooMuch = items.findIndex((item, index) => {
    bytes += utf8(JSON.stringify(item)).length + 1;
    return index > 0 && (bytes > MAX_GOSSIP_BATCH_BYTES || index >= MAX_GOSSIP_ITEMS);
  });
  return tooMuch === -1 ? items : items.slice(0, tooMuch);
}

/** All items, in messages. */
export function* batches(items: readonly object[]): Generator<readonly object[]> {
  for (let rest = items; rest.length > 0;) {
    const batch = firstBatch(rest);
    yield batch;
    rest = rest.slice(batch.length);
  }
}
