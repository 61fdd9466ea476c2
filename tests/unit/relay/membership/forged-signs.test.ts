import { beforeEach, describe, expect, it } from 'vitest';
import { Membership } from '../../../../relay/services/membership.ts';
import type { VerifiedRelay } from '../../../../relay/services/membership.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import { parseRelayId } from '../../../../shared/ids.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { UNPROVEN_ALIVE_MS } from '../../../../shared/limits.ts';

const TICK_MS = 500;
const relayId = (n: number): RelayId => parseRelayId(n.toString(16).padStart(64, '0'));
const SELF = relayId(1);
const A = relayId(0xa);
const B = relayId(0xb);
const ADDRESS = { host: '10.0.0.5', link: 4000 };

let now: number;
let seen: string[];
let membership: Membership;

beforeEach(() => {
  now = 1000;
  seen = [];
  membership = makeMembership();
});

function makeMembership(): Membership {
  const events = new EventBus(() => 0);
  events.subscribe((event) => {
    if ('id' in event) seen.push(`${event.type} ${event.id.slice(-1)}`);
  });
  const clock = { now: () => now, wallTime: () => 1_700_000_000_000 + now };
  return new Membership({ id: SELF, capacity: 10, machine: 'm', clock, events });
}

function proof(id: RelayId, changes: Partial<VerifiedRelay> = {}): VerifiedRelay {
  return { id, address: ADDRESS, port: 8000, capacity: 5, machine: 'other', beat: 100, ...changes };
}

/** Lets time pass with ticks as a relay has them; probes fail or succeed as told. Gives who was given up. */
function pass(ms: number, probe: (id: RelayId) => void = (id) => membership.probeFailed(id)): RelayId[] {
  const gone: RelayId[] = [];
  for (const end = now + ms; now < end;) {
    now += TICK_MS;
    const result = membership.tick();
    gone.push(...result.gone);
    for (const id of result.probe) {
      membership.probeStarted(id);
      probe(id);
    }
  }
  return gone;
}

describe('forged signs of life', () => {
  beforeEach(() => membership.verified(proof(A, { beat: 100 })));

  /** A minute at a time; `forge` each second. Gives when A was given up, in ms from now. */
  function aliveMs(forge: (second: number) => void, probe?: (id: RelayId) => void): number {
    const startedAt = now;
    for (let second = 1; second <= 1800 && membership.get(A) !== undefined; second++) {
      forge(second);
      pass(1000, probe);
    }
    return now - startedAt;
  }
  const tooLong = UNPROVEN_ALIVE_MS + 15_000;

  it('by invented beats do not keep a dead relay listed for long', () => {
    expect(aliveMs((second) => membership.heardBeat(A, 100 + second, B))).toBeLessThan(tooLong);
  });

  it('by forged beacons do not either', () => {
    expect(aliveMs(() => membership.heardBeacon(A, ADDRESS))).toBeLessThan(tooLong);
  });

  it('a relay that answers is never doubted, and asked for a proof a few times an hour only', () => {
    let asked = 0;
    const alive = aliveMs(
      () => membership.heardBeacon(A, ADDRESS),
      (id) => {
        asked++;
        membership.heard(id);
      },
    );
    expect(alive).toBe(1_800_000);
    expect(seen).toEqual(['peer-joined a']);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(15);
  });

  it('a proof that is late is asked for again, in time', () => {
    let asked = 0;
    const lateAnswer = (id: RelayId): void => {
      if (++asked % 5 === 0) membership.heard(id);
      else membership.probeFailed(id);
    };
    expect(aliveMs(() => membership.heardBeacon(A, ADDRESS), lateAnswer)).toBe(1_800_000);
    expect(seen).toEqual(['peer-joined a']);
  });

  it('a beat out of the far future does not make the true ones look old', () => {
    membership.heardBeat(A, Number.MAX_SAFE_INTEGER, B);
    pass(2000);
    membership.heardBeat(A, 102, relayId(0xc));
    expect(membership.newsFor(B).find((news) => news.id === A)?.beat).toBe(102);
  });
});
