/** Gives up a replica that is one too many: only after five better-ranked holders have proven, just now, that they have theirs. */
import { throwIfAborted } from '../../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { KEEP_PROMISE_MS, REPLICAS } from '../../../shared/limits.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc } from '../rpc.ts';
import type { Auditor } from './audit.ts';
import type { OwnChunks } from './own-chunks.ts';

export interface SurplusParts {
  readonly rpc: PeerRpc;
  readonly auditor: Auditor;
  readonly own: OwnChunks;
  readonly clock: Pick<Clock, 'now'>;
}

/** False: it was kept. `better`: the holders to rely on, the first first. Throws `ABORTED`, and what reading and dropping throw. */
export function dropSurplus(
  { rpc, auditor, own, clock }: SurplusParts,
  id: ChunkId,
  better: readonly RelayId[],
  signal: AbortSignal,
): Promise<boolean> {
  if (better.length < REPLICAS) return Promise.resolve(false);
  return auditor.dropUnlessPromised(id, async () => {
    const startedAt = clock.now();
    const chunk = await own.readVerified(id);
    const proven = await countProven((relay) => auditor.ask(rpc, relay, { id, chunk, keep: true }, signal));
    throwIfAborted(signal);
    // Their promises to keep it must outlast this.
    if (proven < REPLICAS || clock.now() - startedAt > KEEP_PROMISE_MS / 2) return false;
    await own.drop(id);
    return true;
  });

  async function countProven(ask: (relay: RelayId) => Promise<string>): Promise<number> {
    let proven = 0;
    for (let next = 0; next < better.length && proven < REPLICAS;) {
      const few = better.slice(next, next + REPLICAS - proven);
      next += few.length;
      const results = await Promise.all(few.map(ask));
      proven += results.filter((result) => result === 'proven').length;
    }
    return proven;
  }
}
