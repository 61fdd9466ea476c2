import type { RelayId } from '../../shared/ids.ts';

/** Where a relay is said to be. */
export interface RelayHint {
  readonly id: RelayId;
  /** IP address as `teller` sees it. */
  readonly host: string;
  /** TCP port of its links. */
  readonly link: number;
}

/**
 * Opens a link to where `teller` says that a relay is, so that it becomes a member if it is there. Throws `BAD_INPUT` for a host
 * that is no IP address, UNAVAILABLE, TIMEOUT, FORBIDDEN when another relay answers, ABORTED.
 */
export type Introduce = (hint: RelayHint, teller: RelayId, signal: AbortSignal) => Promise<void>;
