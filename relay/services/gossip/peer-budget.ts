/** How much gossip is taken from one peer: a token bucket each, so that a flood is refused before it costs anything. */
import { AppError } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import { GOSSIP_BURST_ITEMS, GOSSIP_ITEMS_PER_SECOND, MAX_PEERS } from '../../../shared/limits.ts';

export class PeerBudget {
  readonly #now: () => number;
  /** Tokens left and when that was, the peer heard of last at the end. */
  readonly #buckets = new Map<RelayId, { tokens: number; at: number }>();

  /** `now`: monotonic, ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Throws `RATE_LIMITED` when `peer` has used up its share. */
  spend(peer: RelayId, items: number): void {
    const now = this.#now();
    const known = this.#buckets.get(peer) ?? { tokens: GOSSIP_BURST_ITEMS, at: now };
    const tokens = Math.min(
      GOSSIP_BURST_ITEMS,
      known.tokens + ((now - known.at) / 1000) * GOSSIP_ITEMS_PER_SECOND,
    );
    const left = tokens - Math.max(1, items);
    this.#buckets.delete(peer);
    this.#buckets.set(peer, { tokens: Math.max(left, 0), at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_PEERS && oldest !== undefined) this.#buckets.delete(oldest);
    if (left < 0) throw new AppError('RATE_LIMITED', 'The peer gossips more than this relay takes.');
  }
}
