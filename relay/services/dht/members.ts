import type { RelayId } from '../../../shared/ids.ts';
import type { Peer } from '../../../shared/protocol/routes.ts';

export type KnownRelay = Peer & { readonly id: RelayId };

/** The live relays that links have proven, this one included: what the DHT chooses from. */
export interface Members {
  readonly self: KnownRelay;
  list(): readonly KnownRelay[];
  get(id: RelayId): KnownRelay | undefined;
}
