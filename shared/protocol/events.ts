/** What `WS /events` sends: one JSON object a message. */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { CARE_EVENTS } from './care-events.ts';
import { Id, Port, SafeInteger } from './schemas.ts';

const at = { /** Unix time, ms; for display only. */ at: SafeInteger };

export const RelayEvent = Type.Union([
  Type.Object({ type: Type.Literal('peer-joined'), ...at, id: Id, host: Type.String(), port: Port }),
  Type.Object({ type: Type.Literal('peer-suspect'), ...at, id: Id }),
  Type.Object({ type: Type.Literal('peer-left'), ...at, id: Id }),
  Type.Object({ type: Type.Literal('peer-distrusted'), ...at, id: Id }),
  Type.Object({ type: Type.Literal('mesh-linked'), ...at, id: Id }),
  Type.Object({ type: Type.Literal('mesh-unlinked'), ...at, id: Id }),
  Type.Object({ type: Type.Literal('chunk-stored'), ...at, id: Id, relay: Id, size: SafeInteger }),
  Type.Object({ type: Type.Literal('chunk-read'), ...at, id: Id, relay: Id, size: SafeInteger }),
  Type.Object({ type: Type.Literal('chunk-deleted'), ...at, id: Id, relay: Id }),
  ...CARE_EVENTS,
]);
export type RelayEvent = Static<typeof RelayEvent>;
