import type { RelayId } from '../../../shared/ids.ts';

/** Open links to other relays, as services see them: which there are, and which are to stay. */
export interface LinkKeeper {
  /** Relays that a link is open to now, whoever dialled it. */
  linked(): readonly RelayId[];
  /** Resolves when a link to a member is open. Throws UNAVAILABLE, TIMEOUT, FORBIDDEN, or ABORTED when the signal fires first. */
  open(id: RelayId, signal: AbortSignal): Promise<void>;
  /** Relays whose links stay open though idle, from now on; replaces the set given before. Opens and closes none. */
  keep(ids: Iterable<RelayId>): void;
  /** Calls `listener`, which must not throw, with each relay whose last link has been lost, until the signal fires. */
  onLost(listener: (id: RelayId) => void, signal: AbortSignal): void;
}
