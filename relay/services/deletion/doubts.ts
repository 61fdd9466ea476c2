/**
 * Settles what is doubtful after a long absence: a chunk that another relay holds too has hardly been deleted. One that was away
 * as well counts: else a swarm that was switched off for half a year would never serve again.
 */
import { AppError } from '../../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { MAX_IDS_PER_RPC, NEIGHBOURHOOD } from '../../../shared/limits.ts';
import { placementOrder } from '../../../shared/placement/placement.ts';
import type { DoubtfulTable } from '../../storage/doubtful-table.ts';
import { askHoldings } from '../holdings.ts';
import type { Log } from '../log.ts';
import type { Membership } from '../membership.ts';
import type { PeerRpc } from '../rpc.ts';

export interface DoubtParts {
  readonly self: RelayId;
  readonly doubtful: DoubtfulTable;
  readonly membership: Pick<Membership, 'list'>;
  readonly rpc: PeerRpc;
  readonly log: Log;
}

/** One pass over all doubtful chunks; those that nobody claims to hold stay doubtful. Throws `ABORTED`. */
export async function settleDoubts(parts: DoubtParts, signal: AbortSignal): Promise<void> {
  const { doubtful } = parts;
  doubtful.sweep();
  for (let after = ''; ;) {
    const ids = doubtful.page(after, MAX_IDS_PER_RPC);
    const last = ids.at(-1);
    if (last === undefined) return;
    await settle(parts, ids, signal);
    after = last;
  }
}

async function settle(
  { self, doubtful, membership, rpc, log }: DoubtParts,
  ids: readonly ChunkId[],
  signal: AbortSignal,
): Promise<void> {
  const members = membership.list();
  const byRelay = new Map<RelayId, ChunkId[]>();
  for (const id of ids) {
    for (const { id: relay } of placementOrder(id, members).slice(0, NEIGHBOURHOOD)) {
      if (relay !== self) byRelay.set(relay, [...(byRelay.get(relay) ?? []), id]);
    }
  }
  for (const [relay, likely] of byRelay) {
    const left = likely.filter((id) => doubtful.has(id));
    if (left.length === 0) continue;
    try {
      for (const id of await askHoldings(rpc, relay, left, signal)) doubtful.clear(id);
    } catch (cause) {
      if (signal.aborted) throw cause;
      log.debug({ relay, code: AppError.from(cause).code }, 'A relay did not say what it holds');
    }
  }
}
