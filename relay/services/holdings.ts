/** Which relays hold which chunks: asked in batches, answered from the index alone. */
import Type from 'typebox';
import { AppError } from '../../shared/errors.ts';
import { parseChunkId } from '../../shared/ids.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import { MAX_IDS_PER_RPC } from '../../shared/limits.ts';
import { Id } from '../../shared/protocol/schemas.ts';
import type { PeerBudget } from './peer-budget.ts';
import { rpcMethod } from './rpc.ts';
import type { PeerRpc, RpcRouter } from './rpc.ts';

const HAS_CHUNKS = rpcMethod(
  'chunks.has',
  Type.Object({ ids: Type.Array(Id, { maxItems: MAX_IDS_PER_RPC }) }),
  Type.Object({ held: Type.Array(Id, { maxItems: MAX_IDS_PER_RPC }) }),
);

/** `has`: what this relay answers for itself. */
export function answerHoldings(
  router: RpcRouter,
  has: (id: ChunkId) => boolean,
  budget: Pick<PeerBudget, 'spend'>,
): void {
  router.handle(HAS_CHUNKS, ({ ids }, from) => {
    budget.spend(from, ids.length);
    return { held: ids.filter((id) => has(parseChunkId(id))) };
  });
}

/** Those of `ids` that `relay` says it holds: a claim, not a proof. Throws what the request throws. */
export async function askHoldings(
  rpc: PeerRpc,
  relay: RelayId,
  ids: readonly ChunkId[],
  signal: AbortSignal,
): Promise<Set<ChunkId>> {
  const held = new Set<ChunkId>();
  const asked = new Set<string>(ids);
  for (let at = 0; at < ids.length; at += MAX_IDS_PER_RPC) {
    const answer = await rpc.call(relay, HAS_CHUNKS, { ids: ids.slice(at, at + MAX_IDS_PER_RPC) }, signal);
    for (const id of answer.held) {
      if (!asked.has(id))
        throw new AppError('CORRUPT', 'A relay answered for chunks it was not asked about.');
      held.add(parseChunkId(id));
    }
  }
  return held;
}
