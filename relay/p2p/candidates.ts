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

/** Where a relay is said to be on one host. Its own neighbours there can forge its beacons: a port that failed gives way to others. */
interface ToldHost {
  readonly host: string;
  /** The last told first. */
  readonly links: { readonly link: number; failures: number }[];
}

interface Candidate {
  readonly id: RelayId;
  /** Who forges its beacons from elsewhere adds a host, but does not displace the true one. Dials go round. */
  readonly hosts: ToldHost[];
  seenAt: number;
  /** Not dialled before this. */
  dialAt: number;
  failures: number;
  /** Dials so far: they go round its hosts. */
  dials: number;
  /** Where it is being dialled. */
  dialling: PeerAddress | undefined;
}

const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;
/** Another port that was told of the same host is tried soon, and costs no patience with the relay. */
const NEXT_LINK_MS = 250;
/** As many hostile relays on its host as may speak in a relay's name before its own beacon is displaced. */
const MAX_LINKS_PER_HOST = 16;

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
      const there = known.hosts.find(({ host }) => host === address.host);
      if (there !== undefined) tell(there, address.link);
      else if (known.hosts.length < MAX_PEER_ADDRESSES) known.hosts.push(asTold(address));
      return false;
    }
    const crowded = this.#isCrowded(address.host);
    if (
      (crowded || this.#candidates.size >= MAX_CANDIDATES) &&
      !this.#makeRoom(crowded ? address.host : null)
    )
      return false;
    // Both ends hear of each other at about the same time: one of them dials, the other only if nothing comes.
    const patienceMs = VERIFY_FALLBACK_MS + this.#candidates.size * VERIFY_FALLBACK_PER_CANDIDATE_MS;
    const dialAt = this.#selfId < id ? now : now + patienceMs;
    this.#candidates.set(id, {
      id,
      hosts: [asTold(address)],
      seenAt: now,
      dialAt,
      failures: 0,
      dials: 0,
      dialling: undefined,
    });
    return true;
  }

  /** One host that makes up relays must not leave those of others unheard. */
  #isCrowded(host: string): boolean {
    if (this.#candidates.size < MAX_CANDIDATES_PER_HOST) return false;
    let there = 0;
    for (const { hosts } of this.#candidates.values()) if (hosts[0]?.host === host) there++;
    return there >= MAX_CANDIDATES_PER_HOST;
  }

  /** Forgets one that has failed, at `host` if that is told: a true one is soon heard of again. */
  #makeRoom(host: string | null): boolean {
    for (const { id, hosts, dialling } of this.#candidates.values()) {
      const [first] = hosts;
      if (first === undefined || dialling !== undefined || (host !== null && first.host !== host)) continue;
      if (hosts.some(({ links }) => links.some(({ failures }) => failures > 0)))
        return this.#candidates.delete(id);
    }
    return false;
  }

  /** A link has proven it, or it is not wanted. */
  remove(id: RelayId): void {
    this.#candidates.delete(id);
  }

  failed(id: RelayId, now: number): void {
    const candidate = this.#candidates.get(id);
    if (candidate === undefined) return;
    const there = candidate.hosts.find(({ host }) => host === candidate.dialling?.host);
    const failed = there?.links.find(({ link }) => link === candidate.dialling?.link);
    candidate.dialling = undefined;
    if (there !== undefined && failed !== undefined) {
      failed.failures++;
      if (there.links.some(({ failures }) => failures < failed.failures)) {
        candidate.dialAt = now + NEXT_LINK_MS;
        return;
      }
    }
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
        const { host } = candidate.dialling;
        perHost.set(host, (perHost.get(host) ?? 0) + 1);
      } else if (now - candidate.seenAt > GONE_AFTER_MS) this.#candidates.delete(candidate.id);
      else if (candidate.dialAt <= now) due.push(candidate);
    }
    // Those that have failed before come last, so that forged hints delay real ones by one dial each at most.
    due.sort((a, b) => a.failures - b.failures || a.dialAt - b.dialAt);
    const taken: Dial[] = [];
    for (const candidate of due) {
      if (dialling + taken.length >= MAX_VERIFY_DIALS) break;
      const told = candidate.hosts[candidate.dials % candidate.hosts.length];
      if (told === undefined) continue;
      const atHost = perHost.get(told.host) ?? 0;
      if (atHost >= MAX_VERIFY_DIALS_PER_ADDRESS) continue;
      perHost.set(told.host, atHost + 1);
      const address = { host: told.host, link: likeliest(told) };
      candidate.dialling = address;
      candidate.dials++;
      taken.push({ id: candidate.id, address });
    }
    return taken;
  }
}

function asTold({ host, link }: PeerAddress): ToldHost {
  return { host, links: [{ link, failures: 0 }] };
}

/** When there are too many ports, the one that has failed most goes. */
function tell({ links }: ToldHost, link: number): void {
  const at = links.findIndex((known) => known.link === link);
  const [known = { link, failures: 0 }] = at < 0 ? [] : links.splice(at, 1);
  links.unshift(known);
  if (links.length <= MAX_LINKS_PER_HOST) return;
  const most = Math.max(...links.map(({ failures }) => failures));
  links.splice(
    links.findLastIndex(({ failures }) => failures === most),
    1,
  );
}

function likeliest({ links }: ToldHost): number {
  const least = Math.min(...links.map(({ failures }) => failures));
  return links.find(({ failures }) => failures === least)?.link ?? 0;
}
