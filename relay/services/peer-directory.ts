import type { RelayId } from '../../shared/ids.ts';
import type { Peer } from '../../shared/protocol/routes.ts';

/** The live relays that this one knows, itself included. */
export interface PeerDirectory {
  readonly self: Peer;
  list(): readonly Peer[];
  get(id: RelayId): Peer | undefined;
}
