/** `GET /topology`: the swarm as a graph, as far as the answering relay knows it. */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Id, Port, SafeInteger } from './schemas.ts';

/** What a relay says of itself: a claim, for display. */
export const RelayReport = Type.Object({
  version: Type.String({ maxLength: 64 }),
  /** Bytes of the chunks held. */
  used: SafeInteger,
  /** Bytes that it still takes: what is left of its capacity, or of its disk above what is kept free, whichever is less. */
  room: Type.Optional(SafeInteger),
  chunks: SafeInteger,
  /** Replicas that it has made on other relays since its start, to repair or to balance. */
  restored: SafeInteger,
});
export type RelayReport = Static<typeof RelayReport>;

export const Topology = Type.Object({
  relays: Type.Array(
    Type.Object({
      id: Id,
      host: Type.String({ maxLength: 255 }),
      port: Port,
      state: Type.Union([Type.Literal('alive'), Type.Literal('suspect')]),
      /** Absent for one that did not answer in time, or is older than this field. */
      report: Type.Optional(RelayReport),
    }),
  ),
  /** Each once, `a` below `b`. Both are in `relays`. */
  links: Type.Array(
    Type.Object({
      a: Id,
      b: Id,
      /** Whether they are gossip neighbours, by the word of both as far as both answered; else a link of the answering relay. */
      mesh: Type.Boolean(),
    }),
  ),
});
export type Topology = Static<typeof Topology>;

export const topologyRoutes = {
  topology: {
    method: 'GET',
    path: '/topology',
    response: Topology,
    summary: 'Relays and the links of the gossip mesh, as known here',
  },
} as const;
