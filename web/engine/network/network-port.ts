/** What the Network and Activity views see of the swarm. Relays may lie: everything here is for display. */
import type { NetworkSnapshot } from '../../../shared/engine/network-snapshot.ts';
import type { AddedRelay } from '../../../shared/protocol/operator-routes.ts';
import type { RelayEvent } from '../../../shared/protocol/events.ts';

export interface NetworkView {
  /** The last one that came; null before the first. */
  readonly snapshot: NetworkSnapshot | null;
  /** Whether the last question was answered. */
  readonly reachable: boolean;
}

export interface EventBatch {
  /** In the order in which the entry relay sent them. */
  readonly events: readonly RelayEvent[];
  /** Events that came too fast to be told. */
  readonly missed: number;
  /** Whether the stream is open now. */
  readonly live: boolean;
}

export interface NetworkPort {
  /** Asks every few seconds, and when something happens, while watched and the page is visible. Returns how to stop. */
  watchNetwork(callback: (view: NetworkView) => void): () => void;
  /** The entry relay's events while watched; called at once with an empty batch, then at most 10 times a second. */
  watchEvents(callback: (batch: EventBatch) => void): () => void;
  /**
   * Has the entry relay join the relay at an address; `operatorToken` is the entry relay's. Throws `BAD_INPUT` for what is no address,
   * `CONFLICT` for the entry relay's own, `FORBIDDEN` for a wrong token or a relay of another swarm, `UNAVAILABLE`, `TIMEOUT`,
   * `NO_SPACE`, `RATE_LIMITED`, `ABORTED`.
   */
  addRelay(address: string, operatorToken: string, signal: AbortSignal): Promise<AddedRelay>;
}
