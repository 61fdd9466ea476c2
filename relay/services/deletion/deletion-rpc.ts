/** What a client's entry relay asks of the likely holders of a chunk that is to be deleted. */
import Type from 'typebox';
import { toHex } from '../../../shared/bytes.ts';
import { sha256Sync } from '../../../shared/crypto/hash.ts';
import { fromHex } from '../../../shared/bytes.ts';
import { parseChunkId } from '../../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { TOMBSTONES_PER_RPC } from '../../../shared/limits.ts';
import { Hex, Id } from '../../../shared/protocol/schemas.ts';
import { Tombstone } from '../../../shared/protocol/tombstone.ts';
import type { ChunkStore } from '../../storage/chunk-store.ts';
import type { PeerBudget } from '../peer-budget.ts';
import { rpcMethod } from '../rpc.ts';
import type { RpcRouter } from '../rpc.ts';
import { newIn } from './deletions.ts';
import type { Deletions } from './deletions.ts';

/** Delete these; the answer names those that are not held any more and will be refused. */
export const APPLY = rpcMethod(
  'deletion.apply',
  Type.Object({ tombstones: Type.Array(Tombstone, { maxItems: TOMBSTONES_PER_RPC }) }),
  Type.Object({ gone: Type.Array(Id, { maxItems: TOMBSTONES_PER_RPC }) }),
);

/** The public parts of chunks, also of deleted ones, without those that are not known. */
export const HEADERS = rpcMethod(
  'chunks.headers',
  Type.Object({ ids: Type.Array(Id, { maxItems: TOMBSTONES_PER_RPC }) }),
  Type.Object({
    headers: Type.Array(Type.Object({ id: Id, verifier: Hex(32), body_hash: Hex(32) }), {
      maxItems: TOMBSTONES_PER_RPC,
    }),
  }),
);

export interface DeletionAnswers {
  readonly store: ChunkStore;
  readonly deletions: Deletions;
  readonly budget: PeerBudget;
  /** Hands on what is new. */
  readonly spread: (ids: readonly ChunkId[], from: RelayId) => void;
}

export function answerDeletions(
  router: RpcRouter,
  { store, deletions, budget, spread }: DeletionAnswers,
): void {
  router.handle(APPLY, async ({ tombstones }, from) => {
    budget.spend(from, tombstones.length);
    const outcomes = await deletions.apply(tombstones, from);
    spread(newIn(outcomes), from);
    return { gone: [...outcomes.keys()].filter((id) => deletions.isGone(id)) };
  });
  router.handle(HEADERS, ({ ids }, from) => {
    budget.spend(from, ids.length);
    const headers = [...new Set(ids)].flatMap((id) => headerOf(store, parseChunkId(id)) ?? []);
    return { headers };
  });
}

function headerOf(
  store: ChunkStore,
  id: ChunkId,
): { id: string; verifier: string; body_hash: string } | null {
  const held = store.header(id);
  if (held !== null) return { id, verifier: held.verifier, body_hash: held.body_hash };
  const deleted = store.tombstones.get(id);
  if (deleted === null) return null;
  return { id, verifier: toHex(sha256Sync(fromHex(deleted.token))), body_hash: deleted.body_hash };
}
