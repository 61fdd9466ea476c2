import type { RelayId } from '../../../shared/ids.ts';

/**
 * A set of values that relays share, each of which can be verified by itself. Ids are 64 lowercase hex characters and spread evenly,
 * as hashes are. It only grows, but for what everybody forgets by age.
 */
export interface GossipSet {
  /** The same on every relay. */
  readonly name: string;
  /** Whether the item is not here, and `from` may bring it: what would be refused is not asked for again and again. */
  wants(id: string, from: RelayId): boolean;
  /** An item as it is sent, JSON of at most `MAX_GOSSIP_BATCH_BYTES`, or null. */
  get(id: string): object | null;
  /** Up to `limit` ids that begin with `prefix`, in order, from the first after `after`. */
  page(prefix: string, after: string, limit: number): readonly string[];
  /**
   * Verifies items of a peer and takes in what is new; gives the ids of these, to be handed on. Throws `BAD_INPUT` when one of the
   * items is not what such an item is: then the peer is at fault, and what was taken in before stays.
   */
  add(items: readonly unknown[], from: RelayId): Promise<readonly string[]>;
  /** Calls `listener` with each id that comes or goes; null: anything may have. */
  onChange(listener: (id: string | null) => void): void;
}
