/** `GET /topology`: the swarm as a graph, as far as the answering relay knows it. */
import Type from 'typebox';
import type { Static } from 'typebox';
import { Id, Port } from './schemas.ts';

export const Topology = Type.Object({
  relays: Type.Array(
    Type.Object({
      id: Id,
      host: Type.String({ maxLength: 255 }),
      port: Port,
      state: Type.Union([Type.Literal('alive'), Type.Literal('suspect')]),
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
