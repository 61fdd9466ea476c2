/**
 * Relays heard of and not proven yet, and which of them to dial next. Pure: time is an argument. Beacons and lists are
 * hints that anybody can forge, so their number is bounded, and one address cannot take all dials.
 */
import type { RelayId } from '../../shared/ids.ts';
import {
  GONE_AFTER_MS,
  MAX_CANDIDATES,
  MAX_CANDIDATES_PER_HOST,
  MAX_PEER_ADDRESSES,
  MAX_VERIFY_DIALS,
  MAX_VERIFY_DIALS_PER_ADDRESS,
  VERIFY_FALLBACK_MS,
  VERIFY_FALLBACK_PER_CANDIDATE_MS,
} from '../../shared/limits.ts';
import type { PeerAddress } from '../services/membership.ts';

export interface Dial {
  readonly id: RelayId;
  readonly address: PeerAddress;
}

interface Candidate {
  readonly id: RelayId;
  /**
   * Where it is said to be, one address a host: who forges its beacons from elsewhere adds an address, but does not
   * displace the true one. Dials go round.
   */
  readonly addresses: PeerAddress[];
  seenAt: number;
  /** Not dialled before this. */
  dialAt: number;
  failures: number;
  /** The host that is being dialled. */
  dialling: string | undefined;
}

const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;

export class Candidates {
  readonly #selfId: RelayId;
  readonly #candidates = new Map<RelayId, Candidate>();

  constructor(selfId: RelayId) {
    this.#selfId = selfId;
  }

  get size(): number {
    return this.#candidates.size;
  }

  /** Takes note of a hint. Gives whether the candidate is new. */
  hint(id: RelayId, address: PeerAddress, now: number): boolean {
    if (id === this.#selfId) return false;
    const known = this.#candidates.get(id);
    if (known !== undefined) {
      known.seenAt = now;
      const index = known.addresses.findIndex(({ host }) => host === address.host);
      if (index >= 0) known.addresses[index] = address;
      else if (known.addresses.length < MAX_PEER_ADDRESSES) known.addresses.push(address);
      return false;
    }
    if (this.#candidates.size >= MAX_CANDIDATES || this.#isCrowded(address.host)) return false;
    // Both ends hear of each other at about the same time: one of them dials, the other only if nothing comes.
    const patienceMs = VERIFY_FALLBACK_MS + this.#candidates.size * VERIFY_FALLBACK_PER_CANDIDATE_MS;
    const dialAt = this.#selfId < id ? now : now + patienceMs;
    this.#candidates.set(id, {
      id,
      addresses: [address],
      seenAt: now,
      dialAt,
      failures: 0,
      dialling: undefined,
    });
    return true;
  }

  /** One host that makes up relays must not leave those of others unheard. */
  #isCrowded(host: string): boolean {
    if (this.#candidates.size < MAX_CANDIDATES_PER_HOST) return false;
    let there = 0;
    for (const { addresses } of this.#candidates.values()) if (addresses[0]?.host === host) there++;
    return there >= MAX_CANDIDATES_PER_HOST;
  }

  /** A link has proven it, or it is not wanted. */
  remove(id: RelayId): void {
    this.#candidates.delete(id);
  }

  failed(id: RelayId, now: number): void {
    const candidate = this.#candidates.get(id);
    if (candidate === undefined) return;
    candidate.dialling = undefined;
    candidate.failures++;
    candidate.dialAt = now + Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (candidate.failures - 1));
  }

  /** Whom to dial now, marked as dialling; forgets those that nobody speaks of any more. */
  take(now: number): Dial[] {
    const due: Candidate[] = [];
    const perHost = new Map<string, number>();
    let dialling = 0;
    for (const candidate of this.#candidates.values()) {
      if (candidate.dialling !== undefined) {
        dialling++;
        perHost.set(candidate.dialling, (perHost.get(candidate.dialling) ?? 0) + 1);
      } else if (now - candidate.seenAt > GONE_AFTER_MS) this.#candidates.delete(candidate.id);
      else if (candidate.dialAt <= now) due.push(candidate);
    }
    // Those that have failed before come last, so that forged hints delay real ones by one dial each at most.
    due.sort((a, b) => a.failures - b.failures || a.dialAt - b.dialAt);
    const taken: Dial[] = [];
    for (const candidate of due) {
      if (dialling + taken.length >= MAX_VERIFY_DIALS) break;
      const address = candidate.addresses[candidate.failures % candidate.addresses.length];
      if (address === undefined) continue;
      const atHost = perHost.get(address.host) ?? 0;
      if (atHost >= MAX_VERIFY_DIALS_PER_ADDRESS) continue;
      perHost.set(address.host, atHost + 1);
      candidate.dialling = address.host;
      taken.push({ id: candidate.id, address });
    }
    return taken;
  }
}
