/** The line, JSON, that a relay's process prints on stdout once it answers. */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Id, Port } from './schemas.ts';

/** SHA-256 of a certificate, as browsers print it. */
export const Fingerprint = Type.String({ pattern: '^[0-9A-F]{2}(:[0-9A-F]{2}){31}$' });

export const Ready = Type.Object({
  event: Type.Literal('ready'),
  id: Id,
  /** Of HTTP. */
  port: Port,
  /** Of links between relays. */
  link: Port,
  /** With HTTPS. */
  https: Type.Optional(Port),
  /** Of what devices are to trust for it, where that is the relay's own. */
  authority: Type.Optional(Fingerprint),
});
export type Ready = Static<typeof Ready>;
