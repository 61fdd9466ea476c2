/** Messages of the link channel `lanvault/peers/1`: relays that the sender knows to live. Hints; links prove them. */
import Type from 'typebox';
import type { Static } from 'typebox';
import { PEER_ROWS_PER_MESSAGE } from '../../shared/limits.ts';
import { Id, Port, SafeInteger } from '../../shared/protocol/schemas.ts';

export const PEERS_PROTOCOL = 'lanvault/peers/1';
/** An IPv6 address with a zone fits. */
export const MAX_ROW_HOST_CHARS = 64;

export const PeerRow = Type.Object({
  id: Id,
  /** IP address; absent: the sender itself, at the address of the link. */
  host: Type.Optional(Type.String({ minLength: 1, maxLength: MAX_ROW_HOST_CHARS })),
  /** HTTP port. */
  port: Port,
  link: Port,
  /**
   * The relay's latest beat known to the sender. Only a higher one is a sign of life, so that news of a dead relay
   * cannot circle and keep it alive, however long a list is under way.
   */
  beat: SafeInteger,
});
export type PeerRow = Static<typeof PeerRow>;

export const PeerList = Type.Object({ peers: Type.Array(PeerRow, { maxItems: PEER_ROWS_PER_MESSAGE }) });
export type PeerList = Static<typeof PeerList>;
