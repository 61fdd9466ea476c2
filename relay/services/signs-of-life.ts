/** What counts as a sign of a relay's life, for how long, and when it is to be asked for a better one. Pure. */
import { GONE_AFTER_MS, SUSPECT_AFTER_MS, UNPROVEN_ALIVE_MS } from '../../shared/limits.ts';

/** After a probe has failed, the next one waits: a machine that is too busy to answer is not helped by more. */
const PROBE_RETRY_MS = 2000;
/** A proof that did not come is asked for again. */
const PROOF_RETRY_MS = 10_000;
export type Probe =
  | { readonly state: 'none' }
  | { readonly state: 'under way'; readonly since: number }
  | { readonly state: 'failed'; readonly since: number };

export const NO_PROBE: Probe = { state: 'none' };

/** What is known of a member; times are monotonic, ms. */
interface Signs {
  readonly peer: { readonly id: string };
  readonly provenAt: number;
  askedAt: number;
  readonly beatBase: number;
  readonly beatBaseAt: number;
}

/** Beacons and others' lists can be made up: they count for so long after the member's own last proof. */
export function believedUntil({ provenAt }: Signs, now: number): number {
  return Math.min(now, provenAt + UNPROVEN_ALIVE_MS);
}

/** A higher beat is invented; taken, it would make the relay's own ones look old everywhere. */
export function latestBeat({ beatBase, beatBaseAt }: Signs, now: number): number {
  return beatBase + (now - beatBaseAt + UNPROVEN_ALIVE_MS) / 1000;
}

/** Whether to ask for a proof now, which is noted: early enough to do so several times, and not all members at once. */
export function owesProof(member: Signs, now: number): boolean {
  const spread = Number.parseInt(member.peer.id.slice(-2), 16) / 255;
  if (now - member.provenAt < UNPROVEN_ALIVE_MS * (0.5 + 0.25 * spread)) return false;
  if (now - member.askedAt < PROOF_RETRY_MS) return false;
  member.askedAt = now;
  return true;
}

export function mayProbe(probe: Probe, now: number): boolean {
  return probe.state === 'none' || (probe.state === 'failed' && now - probe.since >= PROBE_RETRY_MS);
}

export function goneAfterMs(probeAfterMs: number): number {
  return Math.max(GONE_AFTER_MS, probeAfterMs + GONE_AFTER_MS - SUSPECT_AFTER_MS);
}
