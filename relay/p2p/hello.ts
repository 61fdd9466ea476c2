/** The link channel `lanvault/hello/1`: what each end says of itself, as the handshake of the channel. */
import Type from 'typebox';
import type { Static } from 'typebox';
import { Port, SafeInteger } from '../../shared/protocol/schemas.ts';

export const HELLO_PROTOCOL = 'lanvault/hello/1';

export const LinkHello = Type.Object({
  /** HTTP port. */
  port: Port,
  /** Link (TCP) port. */
  link: Port,
  /** Declared bytes. */
  capacity: SafeInteger,
  /** Opaque; equal for relays on one host. */
  machine: Type.String({ maxLength: 64 }),
  /** Seconds on the relay's own clock, counting up while it runs; see peer exchange. */
  beat: SafeInteger,
});
export type LinkHello = Static<typeof LinkHello>;
