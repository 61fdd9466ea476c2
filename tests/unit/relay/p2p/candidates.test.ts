import { describe, expect, it } from 'vitest';
import { Candidates } from '../../../../relay/p2p/candidates.ts';
import { parseRelayId } from '../../../../shared/ids.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import {
  GONE_AFTER_MS,
  MAX_CANDIDATES,
  MAX_CANDIDATES_PER_HOST,
  MAX_VERIFY_DIALS,
  MAX_VERIFY_DIALS_PER_ADDRESS,
  VERIFY_FALLBACK_MS,
} from '../../../../shared/limits.ts';

const relayId = (n: number): RelayId => parseRelayId(n.toString(16).padStart(64, '0'));
const SELF = relayId(100);
const LARGER = relayId(200);
const SMALLER = relayId(50);
const at = (host: string): { host: string; link: number } => ({ host, link: 4000 });
const idsOf = (taken: { id: RelayId }[]): RelayId[] => taken.map((candidate) => candidate.id);

describe('who dials', () => {
  it('is the relay with the smaller id, at once', () => {
    const candidates = new Candidates(SELF);
    expect(candidates.hint(LARGER, at('10.0.0.2'), 0)).toBe(true);
    candidates.hint(SMALLER, at('10.0.0.3'), 0);
    expect(idsOf(candidates.take(0))).toEqual([LARGER]);
  });

  it('is the other one if nothing has come', () => {
    const candidates = new Candidates(SELF);
    candidates.hint(SMALLER, at('10.0.0.3'), 0);
    expect(candidates.take(VERIFY_FALLBACK_MS - 1)).toEqual([]);
    expect(idsOf(candidates.take(VERIFY_FALLBACK_MS))).toEqual([SMALLER]);
  });

  it('is nobody when the link has come meanwhile, or for this relay itself', () => {
    const candidates = new Candidates(SELF);
    candidates.hint(SMALLER, at('10.0.0.3'), 0);
    candidates.remove(SMALLER);
    expect(candidates.hint(SELF, at('10.0.0.1'), 0)).toBe(false);
    expect(candidates.take(VERIFY_FALLBACK_MS)).toEqual([]);
  });
});

describe('bounds', () => {
  it('hold for dials in all and to one address', () => {
    const candidates = new Candidates(SELF);
    for (let n = 0; n < 20; n++) candidates.hint(relayId(200 + n), at('10.0.0.2'), 0);
    expect(candidates.take(0)).toHaveLength(MAX_VERIFY_DIALS_PER_ADDRESS);
    for (let n = 0; n < 20; n++) candidates.hint(relayId(300 + n), at('10.0.0.3'), 0);
    expect(candidates.take(0)).toHaveLength(MAX_VERIFY_DIALS - MAX_VERIFY_DIALS_PER_ADDRESS);
    expect(candidates.take(0)).toEqual([]);
  });

  it('hold for what one host makes up: others are still heard', () => {
    const candidates = new Candidates(SELF);
    for (let n = 0; n < MAX_CANDIDATES; n++) candidates.hint(relayId(1000 + n), at('10.0.0.2'), 0);
    expect(candidates.size).toBe(MAX_CANDIDATES_PER_HOST);
    expect(candidates.hint(LARGER, at('10.0.0.3'), 0)).toBe(true);
  });

  it('hold for candidates; who is not spoken of any more makes room', () => {
    const candidates = new Candidates(SELF);
    for (let n = 0; n < MAX_CANDIDATES + 10; n++)
      candidates.hint(relayId(1000 + n), at(`10.0.0.${n % 9}`), 0);
    expect(candidates.size).toBe(MAX_CANDIDATES);
    candidates.take(GONE_AFTER_MS + 1);
    expect(candidates.size).toBe(0);
  });
});

describe('failures', () => {
  it('are tried again later and later, at each address told', () => {
    const candidates = new Candidates(SELF);
    let now = 0;
    const waits: number[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const failedAt = now;
      for (;;) {
        for (const host of ['10.0.0.0', '10.0.0.1']) candidates.hint(LARGER, at(host), now);
        const [taken] = candidates.take(now);
        if (taken !== undefined) {
          expect(taken.address.host).toBe(`10.0.0.${String(attempt % 2)}`);
          break;
        }
        now += 100;
      }
      waits.push(now - failedAt);
      candidates.failed(LARGER, now);
    }
    expect(waits).toEqual([0, 1000, 2000, 4000]);
  });

  it('by beacons that are forged from elsewhere do not hide the true address', () => {
    const candidates = new Candidates(SELF);
    const hosts: string[] = [];
    for (let now = 0; now <= 60_000; now += 500) {
      candidates.hint(LARGER, at('10.0.0.7'), now);
      for (let port = 1; port < 100; port++) candidates.hint(LARGER, { host: '10.0.0.66', link: port }, now);
      for (const { id, address } of candidates.take(now)) {
        hosts.push(address.host);
        candidates.failed(id, now);
      }
    }
    expect(hosts.slice(0, 4)).toEqual(['10.0.0.7', '10.0.0.66', '10.0.0.7', '10.0.0.66']);
  });

  it('by beacons that are forged on its own host do not hide the true port for long', () => {
    const candidates = new Candidates(SELF);
    const trueLink = 4000;
    let foundAt: number | undefined;
    for (let now = 0; now <= 60_000 && foundAt === undefined; now += 250) {
      if (now % 1000 === 0) candidates.hint(LARGER, { host: '10.0.0.7', link: trueLink }, now);
      // Ten hostile relays there, each of them more often than the true one.
      for (let port = 1; port <= 10; port++) candidates.hint(LARGER, { host: '10.0.0.7', link: port }, now);
      for (const { id, address } of candidates.take(now)) {
        if (address.link === trueLink) foundAt = now;
        else candidates.failed(id, now);
      }
    }
    expect(foundAt).toBeLessThan(5000);
  });

  it('of relays that one host makes up leave room for a true one there', () => {
    const candidates = new Candidates(SELF);
    for (let n = 0; n < MAX_CANDIDATES; n++) candidates.hint(relayId(1000 + n), at('10.0.0.2'), 0);
    expect(candidates.hint(LARGER, at('10.0.0.2'), 0)).toBe(false);
    for (const { id } of candidates.take(0)) candidates.failed(id, 0);
    expect(candidates.hint(LARGER, at('10.0.0.2'), 100)).toBe(true);
    expect(candidates.size).toBe(MAX_CANDIDATES_PER_HOST);
  });

  it('take the port that a host has told last', () => {
    const candidates = new Candidates(SELF);
    candidates.hint(LARGER, { host: '10.0.0.7', link: 1 }, 0);
    candidates.hint(LARGER, { host: '10.0.0.7', link: 2 }, 0);
    expect(candidates.take(0)[0]?.address.link).toBe(2);
  });

  it('give way to candidates that have not failed', () => {
    const candidates = new Candidates(SELF);
    for (let n = 0; n < MAX_VERIFY_DIALS; n++)
      candidates.hint(relayId(200 + n), at(`10.0.0.${String(n)}`), 0);
    for (const { id } of candidates.take(0)) candidates.failed(id, 0);
    candidates.hint(relayId(999), at('10.0.1.1'), 5000);
    for (let n = 0; n < MAX_VERIFY_DIALS; n++)
      candidates.hint(relayId(200 + n), at(`10.0.0.${String(n)}`), 5000);
    expect(idsOf(candidates.take(5000))[0]).toBe(relayId(999));
  });
});
