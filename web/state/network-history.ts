/** Relays over time: one that has gone is still shown, one that has come or made copies is marked for a while. */
import { GONE_RELAY_SHOWN_MS, MAX_GONE_RELAYS_SHOWN, NETWORK_MARK_MS } from '../../shared/limits.ts';
import type { NetworkRelay, NetworkSnapshot } from './engine-types.ts';

export interface ShownRelay extends Omit<NetworkRelay, 'state'> {
  readonly state: 'alive' | 'suspect' | 'gone';
  /** Unix time, ms: when it was first missed here; null unless gone. */
  readonly goneAtMs: number | null;
  /** It came while somebody watched, a moment ago. */
  readonly joined: boolean;
  /** Copies that it made on other relays in the last moments. */
  readonly restoring: number;
}

interface Known {
  relay: NetworkRelay;
  joinedAtMs: number;
  goneAtMs: number | null;
  restored: { readonly count: number; readonly atMs: number };
}

const NEVER = -Infinity;

export class NetworkHistory {
  readonly #known = new Map<string, Known>();
  #first = true;

  /** Takes in what the swarm looks like now, and gives all relays to show, ordered by host and port. */
  update({ relays }: NetworkSnapshot, nowMs: number): ShownRelay[] {
    for (const relay of relays) this.#see(relay, nowMs);
    const present = new Set(relays.map(({ id }) => id));
    for (const [id, known] of this.#known) {
      if (!present.has(id)) known.goneAtMs ??= nowMs;
    }
    this.#forgetOld(nowMs);
    this.#first = false;
    return [...this.#known.values()].map((known) => shown(known, nowMs)).sort(byAddress);
  }

  #see(relay: NetworkRelay, nowMs: number): void {
    const known = this.#known.get(relay.id);
    if (known === undefined || known.goneAtMs !== null) {
      this.#known.set(relay.id, {
        relay,
        joinedAtMs: this.#first ? NEVER : nowMs,
        goneAtMs: null,
        restored: { count: 0, atMs: NEVER },
      });
      return;
    }
    // Its counter begins anew when it does.
    const count = (relay.report?.restored ?? 0) - (known.relay.report?.restored ?? 0);
    if (known.relay.report !== null && count > 0) {
      const recent = nowMs - known.restored.atMs < NETWORK_MARK_MS;
      known.restored = { count: count + (recent ? known.restored.count : 0), atMs: nowMs };
    }
    // One question that it did not answer in time tells nothing: what it said before stands.
    known.relay = { ...relay, report: relay.report ?? known.relay.report };
  }

  #forgetOld(nowMs: number): void {
    const gone = [...this.#known.values()]
      .filter(({ goneAtMs }) => goneAtMs !== null)
      .sort((a, b) => (b.goneAtMs ?? 0) - (a.goneAtMs ?? 0));
    for (const [i, { relay, goneAtMs }] of gone.entries()) {
      const old = nowMs - (goneAtMs ?? nowMs) > GONE_RELAY_SHOWN_MS;
      if (old || i >= MAX_GONE_RELAYS_SHOWN) this.#known.delete(relay.id);
    }
  }
}

function shown({ relay, joinedAtMs, goneAtMs, restored }: Known, nowMs: number): ShownRelay {
  const gone = goneAtMs !== null;
  return {
    ...relay,
    state: gone ? 'gone' : relay.state,
    goneAtMs,
    joined: !gone && nowMs - joinedAtMs < NETWORK_MARK_MS,
    restoring: !gone && nowMs - restored.atMs < NETWORK_MARK_MS ? restored.count : 0,
  };
}

function byAddress(a: ShownRelay, b: ShownRelay): number {
  if (a.host !== b.host) return a.host < b.host ? -1 : 1;
  return a.port === b.port ? (a.id < b.id ? -1 : 1) : a.port - b.port;
}
