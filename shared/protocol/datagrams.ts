/** Discovery datagrams: one JSON object each, ≤ 512 bytes, on UDP 9999. A beacon is a hint; links prove identity. */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Id, Port } from './schemas.ts';

export const Hello = Type.Object({
  type: Type.Literal('HELLO'),
  v: Type.Literal(1),
  id: Id,
  /** HTTP port. */
  port: Port,
  /** Link (TCP) port. */
  link: Port,
});
export type Hello = Static<typeof Hello>;

export const QueryChunk = Type.Object({ type: Type.Literal('QUERY_CHUNK'), chunk_id: Id, reply: Port });
export type QueryChunk = Static<typeof QueryChunk>;

export const IHave = Type.Object({ type: Type.Literal('I_HAVE'), chunk_id: Id, id: Id, port: Port });
export type IHave = Static<typeof IHave>;

export const Datagram = Type.Union([Hello, QueryChunk, IHave]);
export type Datagram = Static<typeof Datagram>;
