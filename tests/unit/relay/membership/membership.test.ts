import { beforeEach, describe, expect, it } from 'vitest';
import { Membership, beaconIntervalMs } from '../../../../relay/services/membership.ts';
import type { VerifiedRelay } from '../../../../relay/services/membership.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import { parseRelayId } from '../../../../shared/ids.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { MAX_MEMBERS_PER_ADDRESS, MAX_PEERS, MAX_PEER_ADDRESSES } from '../../../../shared/limits.ts';

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

const answers = (id: RelayId): void => membership.heard(id);
const stateOf = (id: RelayId): string | undefined => membership.get(id)?.state;

describe('who becomes a member', () => {
  it('lists itself first and has itself as a peer', () => {
    membership.setSelf({ host: '10.0.0.1', port: 8000, link: 4000 });
    membership.verified(proof(A));
    expect(membership.list().map((peer) => peer.id)).toEqual([SELF, A]);
    expect(membership.get(SELF)).toMatchObject({ host: '10.0.0.1', port: 8000, link: 4000, capacity: 10 });
  });

  it('takes beacons and beats of unknown relays for hints only', () => {
    expect(membership.heardBeacon(A, ADDRESS)).toBe(false);
    expect(membership.heardBeat(A, 500, B)).toBe(false);
    expect(membership.get(A)).toBeUndefined();
    expect(seen).toEqual([]);
  });

  it('knows a verified relay with what it said, and tells once', () => {
    expect(membership.verified(proof(A))).toBe(true);
    membership.verified(proof(A, { port: 8001 }));
    expect(membership.get(A)).toEqual({
      id: A,
      host: '10.0.0.5',
      port: 8001,
      link: 4000,
      capacity: 5,
      machine: 'other',
      state: 'alive',
    });
    expect(seen).toEqual(['peer-joined a']);
  });

  it('never takes itself for a member', () => {
    expect(membership.verified(proof(SELF))).toBe(false);
    expect(membership.size).toBe(1);
  });

  it('is bounded', () => {
    const at = (n: number) => ({ host: `10.0.${String(n >> 8)}.${String(n & 255)}`, link: 4000 });
    for (let n = 2; n < MAX_PEERS + 10; n++) membership.verified(proof(relayId(n), { address: at(n) }));
    expect(membership.size).toBe(MAX_PEERS);
    expect(membership.verified(proof(relayId(MAX_PEERS + 50), { address: at(1) }))).toBe(false);
    // One that is known already may still move.
    expect(membership.verified(proof(relayId(2), { port: 9 }))).toBe(true);
  });

  it.each([
    ['10.0.0.5', () => '10.0.0.5'],
    ['2001:db8:1:2::/64', (n: number) => `2001:db8:1:2::${n.toString(16)}`],
  ])('at one address (%s) is bounded: whoever makes up identities there keeps nobody else out', (_, host) => {
    for (let n = 2; n < MAX_MEMBERS_PER_ADDRESS + 50; n++) {
      membership.verified(proof(relayId(n), { address: { host: host(n), link: 4000 } }));
    }
    expect(membership.size).toBe(MAX_MEMBERS_PER_ADDRESS + 1);
    expect(membership.verified(proof(relayId(2), { address: { host: host(2), link: 4001 } }))).toBe(true);
    expect(membership.verified(proof(relayId(0xffff), { address: { host: '10.0.0.6', link: 1 } }))).toBe(
      true,
    );
  });
});

describe('ageing', () => {
  beforeEach(() => membership.verified(proof(A)));

  it('is suspect after 3 s and gone after 10 s without a sign of life', () => {
    pass(2500);
    expect(stateOf(A)).toBe('alive');
    pass(1500);
    expect(stateOf(A)).toBe('suspect');
    expect(pass(5500)).toEqual([]);
    expect(pass(1000)).toEqual([A]);
    expect(membership.get(A)).toBeUndefined();
    expect(seen).toEqual(['peer-joined a', 'peer-suspect a', 'peer-left a']);
  });

  it('stays alive by beacons from a verified address', () => {
    for (let s = 0; s < 60; s++) {
      expect(membership.heardBeacon(A, ADDRESS)).toBe(true);
      pass(1000);
    }
    expect(seen).toEqual(['peer-joined a']);
  });

  it('stays alive, without ever being suspect, when probes answer though no beacon comes', () => {
    expect(pass(60_000, answers)).toEqual([]);
    expect(seen).toEqual(['peer-joined a']);
  });

  it('is not kept alive by beacons from an address where it has not proven itself', () => {
    const forged = { host: '10.0.0.66', link: 4000 };
    for (let s = 0; s < 12; s++) {
      membership.heardBeacon(A, forged);
      pass(1000);
    }
    expect(seen).toContain('peer-left a');
  });

  it('tries the address of such a beacon, after those that have worked', () => {
    membership.heardBeacon(A, { host: '10.0.0.6', link: 4001 });
    expect(membership.addressesOf(A)).toEqual([ADDRESS, { host: '10.0.0.6', link: 4001 }]);
  });

  it('keeps the last verified addresses, newest first, bounded', () => {
    for (let n = 0; n < 10; n++)
      membership.verified(proof(A, { address: { host: `10.0.1.${String(n)}`, link: 1 } }));
    membership.verified(proof(A, { address: { host: '10.0.1.8', link: 1 } }));
    const hosts = membership.addressesOf(A).map((address) => address.host);
    expect(hosts).toHaveLength(MAX_PEER_ADDRESSES);
    expect(hosts.slice(0, 2)).toEqual(['10.0.1.8', '10.0.1.9']);
    expect(membership.get(A)?.host).toBe('10.0.1.8');
  });

  it('does not count a repeated old sign of life', () => {
    const at = now;
    for (let s = 0; s < 12; s++) {
      membership.heard(A, at);
      pass(1000);
    }
    expect(seen).toContain('peer-left a');
  });

  it('waits a grace for a probe that hangs, then calls the member suspect', () => {
    const hangs = (): void => undefined;
    pass(3500, hangs);
    expect(stateOf(A)).toBe('alive');
    pass(1000, hangs);
    expect(stateOf(A)).toBe('suspect');
  });

  it('revives a suspect that answers', () => {
    pass(5000);
    expect(stateOf(A)).toBe('suspect');
    membership.heard(A);
    expect(stateOf(A)).toBe('alive');
    pass(2500);
    expect(stateOf(A)).toBe('alive');
  });

  it('probes again after a while, not at every tick, while a member fails', () => {
    const probes: number[] = [];
    pass(9500, (id) => {
      probes.push(now);
      membership.probeFailed(id);
    });
    expect(probes.length).toBeGreaterThanOrEqual(3);
    expect(probes.length).toBeLessThanOrEqual(4);
  });

  it('does not give anybody up for the time in which this process itself stood still', () => {
    pass(1000);
    now += 60_000;
    expect(membership.tick()).toEqual({ probe: [], gone: [] });
    expect(stateOf(A)).toBe('alive');
    // From there on the clock runs as usual.
    expect(pass(12_000)).toEqual([A]);
  });
});

describe('beats in peer lists', () => {
  beforeEach(() => membership.verified(proof(A, { beat: 100 })));

  it('keep a member alive while they rise', () => {
    for (let s = 1; s <= 60; s++) {
      membership.heardBeat(A, 100 + s, B);
      pass(1000);
    }
    expect(seen).toEqual(['peer-joined a']);
  });

  it('age out a member when they stand still, however often they are repeated', () => {
    membership.heardBeat(A, 130, B);
    for (let s = 0; s < 12; s++) {
      membership.heardBeat(A, 130, B);
      membership.heardBeat(A, 129, relayId(0xc));
      pass(1000);
    }
    expect(seen).toContain('peer-left a');
  });

  it('are not sent back to who told them, nor told of a suspect', () => {
    membership.verified(proof(B));
    membership.heardBeat(A, 200, B);
    expect(membership.newsFor(B).map((news) => news.id)).toEqual([SELF]);
    expect(membership.newsFor(relayId(0xc)).map((news) => [news.id, news.beat])).toEqual([
      [SELF, membership.beat],
      [A, 200],
      [B, 100],
    ]);
    pass(5000);
    expect(membership.newsFor(relayId(0xc)).map((news) => news.id)).toEqual([SELF]);
  });

  it('count on from the handshake for members that are heard directly', () => {
    now += 7000;
    membership.heard(A);
    expect(membership.newsFor(B)[1]).toMatchObject({ id: A, beat: 107 });
  });

  it('of two relays that only repeat each other do not keep a dead third one alive', () => {
    const first = makeMembership();
    const second = makeMembership();
    for (const one of [first, second]) one.verified(proof(A));
    const [idOfFirst, idOfSecond] = [relayId(0xd), relayId(0xe)];
    let alive = true;
    for (let s = 0; s < 30 && alive; s++) {
      now += 500;
      for (const news of first.newsFor(idOfSecond)) second.heardBeat(news.id, news.beat, idOfFirst);
      now += 500;
      for (const news of second.newsFor(idOfFirst)) first.heardBeat(news.id, news.beat, idOfSecond);
      for (const one of [first, second]) for (const id of one.tick().probe) one.probeFailed(id);
      alive = first.get(A) !== undefined || second.get(A) !== undefined;
    }
    expect(alive).toBe(false);
  });
});

describe('many relays on one host', () => {
  it('stretches beacons so that the host sends at most 20 a second', () => {
    for (const relays of [1, 5, 20]) expect(beaconIntervalMs(relays)).toBe(1000);
    for (const relays of [21, 50, 200]) expect((relays * 1000) / beaconIntervalMs(relays)).toBeCloseTo(20);
    expect(beaconIntervalMs(4000)).toBe(10_000);
  });

  it('counts the relays of a machine, itself included', () => {
    expect(membership.relaysOn('m')).toBe(1);
    membership.verified(proof(A, { machine: 'm' }));
    membership.verified(proof(B, { machine: 'x' }));
    expect(membership.relaysOn('m')).toBe(2);
    membership.verified(proof(B, { machine: 'm' }));
    expect([membership.relaysOn('m'), membership.relaysOn('x')]).toEqual([3, 0]);
    pass(15_000);
    expect(membership.relaysOn('m')).toBe(1);
  });

  it.each([50, 100])('does not even probe %i relays that beacon at their stretched interval', (relays) => {
    const ids = Array.from({ length: relays - 1 }, (_, n) => relayId(n + 16));
    for (const id of ids) membership.verified(proof(id, { machine: 'm' }));
    const probes: RelayId[] = [];
    const latestMs = beaconIntervalMs(relays) * 1.1;
    for (let round = 0; round < 10; round++) {
      for (const id of ids) membership.heardBeacon(id, ADDRESS);
      pass(Math.floor(latestMs / TICK_MS) * TICK_MS, (id) => probes.push(id));
    }
    expect(probes).toEqual([]);
    expect(membership.size).toBe(relays);
  });

  it('still gives up a dead one of 50 in about 10 s', () => {
    for (let n = 0; n < 49; n++) membership.verified(proof(relayId(n + 16), { machine: 'm' }));
    expect(pass(9500)).toEqual([]);
    expect(pass(1500)).toHaveLength(49);
  });
});

describe('absence', () => {
  const GRACE_MS = 300_000;

  it('remembers who is gone for as long as the grace, and since when they had been members', () => {
    membership.verified(proof(A));
    const since = membership.sinceOf(A);
    expect(since).toBe(1000);
    expect(membership.away()).toEqual([]);
    pass(15_000);
    expect(membership.sinceOf(A)).toBeUndefined();
    const [away] = membership.away();
    expect(away).toMatchObject({ peer: { id: A }, since });
    now = (away?.goneAt ?? 0) + GRACE_MS;
    expect(membership.away()).toHaveLength(1);
    now++;
    expect(membership.away()).toEqual([]);
  });

  it('one that is back within the grace has never left; later, it is new', () => {
    membership.verified(proof(A));
    pass(15_000);
    membership.verified(proof(A));
    expect(membership.sinceOf(A)).toBe(1000);
    expect(membership.away()).toEqual([]);
    pass(15_000);
    pass(GRACE_MS + 1000);
    membership.verified(proof(A));
    expect(membership.sinceOf(A)).toBe(now);
  });

  it('is bounded, whoever comes and goes', () => {
    let gone = 0;
    for (let round = 1; gone <= MAX_PEERS; round++) {
      // From different networks: one address does not get as many members as this.
      for (let n = 2; n < 1000; n++) {
        const address = { host: `10.${String(n & 127)}.${String(n >> 7)}.9`, link: 4000 };
        membership.verified(proof(relayId(round * 10_000 + n), { address, machine: String(n) }));
      }
      gone += membership.size - 1;
      pass(15_000);
      expect(membership.size).toBe(1);
    }
    expect(membership.away()).toHaveLength(MAX_PEERS);
    // The earliest have made room.
    expect(membership.away().some(({ peer }) => peer.id === relayId(10_002))).toBe(false);
  });
});
