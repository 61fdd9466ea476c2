/** What relays hold, row by row: this one's own, and others' for clients that talk to their entry relay only. */
import Type from 'typebox';
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import { INVENTORY_ROWS_PER_RPC } from '../../shared/limits.ts';
import { ChunkEntry } from '../../shared/protocol/routes.ts';
import type { PeerBudget } from './peer-budget.ts';
import { rpcMethod } from './rpc.ts';
import type { PeerRpc, RpcRouter } from './rpc.ts';

const INVENTORY = rpcMethod(
  'chunks.inventory',
  Type.Object({
    /** An id, or the beginning of one; rows come after it. */
    after: Type.String({ pattern: '^[0-9a-f]{0,64}$' }),
    limit: Type.Integer({ minimum: 1, maximum: INVENTORY_ROWS_PER_RPC }),
  }),
  Type.Object({ chunks: Type.Array(ChunkEntry, { maxItems: INVENTORY_ROWS_PER_RPC }) }),
);

/** Verified chunks by id, from the first after `after`. */
type ReadRows = (after: string, limit: number) => ChunkEntry[];

/** `rows`: what this relay answers for itself. */
export function answerInventory(router: RpcRouter, rows: ReadRows, budget: Pick<PeerBudget, 'spend'>): void {
  router.handle(INVENTORY, ({ after, limit }, from) => {
    budget.spend(from, limit);
    return { chunks: rows(after, limit) };
  });
}

export class Inventories {
  readonly #self: RelayId;
  readonly #own: ReadRows;
  readonly #rpc: PeerRpc;

  constructor(self: RelayId, own: ReadRows, rpc: PeerRpc) {
    this.#self = self;
    this.#own = own;
    this.#rpc = rpc;
  }

  /**
   * Rows of `relay`'s inventory in the order of their ids, at most `INVENTORY_ROWS_PER_RPC` and `limit`; fewer only where
   * the inventory ends. What another relay says of itself is a claim. Throws `BAD_INPUT` for an `after` that is no
   * beginning of an id, `CORRUPT` for rows out of order, and what the request throws.
   */
  async rows(relay: RelayId, after: string, limit: number, signal: AbortSignal): Promise<ChunkEntry[]> {
    const asked = Math.min(limit, INVENTORY_ROWS_PER_RPC);
    if (relay === this.#self) return this.#own(after, asked);
    if (!/^[0-9a-f]{0,64}$/.test(after)) throw new AppError('BAD_INPUT', 'The cursor is not one of ours.');
    const { chunks } = await this.#rpc.call(relay, INVENTORY, { after, limit: asked }, signal);
    if (chunks.length > asked || !ascending(after, chunks))
      throw new AppError('CORRUPT', 'A relay’s inventory is out of order.');
    return chunks;
  }
}

function ascending(after: string, rows: readonly ChunkEntry[]): boolean {
  return rows.every(({ id }, i) => id > (rows[i - 1]?.id ?? after));
}
