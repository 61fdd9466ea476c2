/** What a relay tells of its care for the data: repair, balance, scrub and leaving. */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { Id, SafeInteger } from './schemas.ts';

/** What one look at all chunks of a relay found and did; every figure counts chunks, or replicas of them. */
export const CareReport = Type.Object({
  /** Chunks looked at. */
  checked: SafeInteger,
  /** Replicas that were missing. */
  missing: SafeInteger,
  /** Replicas made, each with a verified receipt. */
  repaired: SafeInteger,
  /** Replicas sent to relays that ought to be among the first holders and lacked them. */
  balanced: SafeInteger,
  /** Chunks with more replicas than they need. */
  surplus: SafeInteger,
  /** Own replicas given up after five better-ranked holders had proven theirs. */
  dropped: SafeInteger,
  /** Replicas that could not be made now: no relay that lacks them took them. */
  failed: SafeInteger,
});
export type CareReport = Static<typeof CareReport>;

const at = { /** Unix time, ms; for display only. */ at: SafeInteger };

export const CARE_EVENTS = [
  Type.Object({ type: Type.Literal('repair-started'), ...at, reason: Type.String() }),
  Type.Object({ type: Type.Literal('repair-progress'), ...at, report: CareReport }),
  Type.Object({ type: Type.Literal('repair-ended'), ...at, report: CareReport }),
  /** `relay` holds a new replica. */
  Type.Object({ type: Type.Literal('repair-moved'), ...at, id: Id, relay: Id, size: SafeInteger }),
  /** This relay has given up its surplus replica. */
  Type.Object({ type: Type.Literal('repair-dropped'), ...at, id: Id }),
  /** This relay's replica was rotten, and was set aside. */
  Type.Object({ type: Type.Literal('repair-rotten'), ...at, id: Id }),
  Type.Object({ type: Type.Literal('repair-healed'), ...at, id: Id }),
  Type.Object({
    type: Type.Literal('unjoin-progress'),
    ...at,
    state: Type.String(),
    total: SafeInteger,
    placed: SafeInteger,
  }),
] as const;
