/** For whoever supervises a relay: answered without a session, also by a private swarm's. They tell nothing of the swarm. */
import * as Type from 'typebox';
import type { Static } from 'typebox';

/**
 * `ok`: takes chunks. `full`: its capacity or its disk is used up. `read-only`: the disk refuses writes. `failing`: the storage
 * folder cannot be used at all. `none`: a relay without storage.
 */
export const StorageCondition = Type.Union([
  Type.Literal('ok'),
  Type.Literal('full'),
  Type.Literal('read-only'),
  Type.Literal('failing'),
  Type.Literal('none'),
]);
export type StorageCondition = Static<typeof StorageCondition>;

export const healthRoutes = {
  health: {
    method: 'GET',
    path: '/healthz',
    response: Type.Object({ alive: Type.Boolean() }),
    summary: 'Liveness: 200 as long as the process answers',
  },
  readiness: {
    method: 'GET',
    path: '/readyz',
    response: Type.Object({ ready: Type.Boolean(), storage: StorageCondition }),
    summary:
      'Readiness: 200 when the relay gives out the chunks it holds, else 503; and whether it takes more',
  },
} as const;
