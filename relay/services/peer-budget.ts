/** How much is taken from one peer: a token bucket each, so that a flood is refused before it costs anything. */
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import { GOSSIP_BURST_ITEMS, GOSSIP_ITEMS_PER_SECOND, MAX_PEERS } from '../../shared/limits.ts';

const GOSSIP = { perSecond: GOSSIP_ITEMS_PER_SECOND, burst: GOSSIP_BURST_ITEMS };

export class PeerBudget {
  readonly #now: () => number;
  readonly #share: { readonly perSecond: number; readonly burst: number };
  /** Tokens left and when that was, the peer heard of last at the end. */
  readonly #buckets = new Map<RelayId, { tokens: number; at: number }>();

  /** `now`: monotonic, ms. */
  constructor(now: () => number, share = GOSSIP) {
    this.#now = now;
    this.#share = share;
  }

  /** Throws `RATE_LIMITED` when `peer` has used up its share. */
  spend(peer: RelayId, items: number): void {
    const now = this.#now();
    const { perSecond, burst } = this.#share;
    const known = this.#buckets.get(peer) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, known.tokens + ((now - known.at) / 1000) * perSecond);
    const left = tokens - Math.max(1, items);
    this.#buckets.delete(peer);
    this.#buckets.set(peer, { tokens: Math.max(left, 0), at: now });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > MAX_PEERS && oldest !== undefined) this.#buckets.delete(oldest);
    if (left < 0)
      throw new AppError('RATE_LIMITED', 'The peer sends more than this relay takes. Try again soon.');
  }
}
