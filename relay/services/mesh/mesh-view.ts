import type { RelayId } from '../../../shared/ids.ts';

/** The few relays that this one gossips with. */
export interface MeshView {
  /** 3 to 5 where as many relays live; links to them are open. */
  neighbours(): readonly RelayId[];
  /** Relays that a link is open to, neighbours included. */
  linked(): readonly RelayId[];
}
