/**
 * The relays that this one knows to live. Pure: time comes in by a clock, evidence by calls, and what ought to be probed
 * goes out by `tick`. Only a link's handshake makes a member; afterwards its beacons from a verified address, its traffic and
 * rising beats in peer lists keep it, the last two only as long as it proves itself over a link now and then. A member that falls quiet is probed before it counts as suspect, so that lost datagrams, a
 * stretched beacon interval or a busy machine do not make healthy relays flap.
 */
import type { RelayId } from '../../shared/ids.ts';
import {
  DEFAULT_REPAIR_GRACE_MS,
  HELLO_INTERVAL_MS,
  HELLO_STRETCH_ABOVE,
  MAX_BEACON_INTERVAL_MS,
  MAX_MEMBERS_PER_ADDRESS,
  MAX_PEERS,
  MAX_PEER_ADDRESSES,
  SUSPECT_AFTER_MS,
} from '../../shared/limits.ts';
import type { Peer } from '../../shared/protocol/routes.ts';
import { addressGroup } from './address-group.ts';
import type { EventBus } from './events.ts';
import type { Clock } from './ports.ts';
import { NO_PROBE, believedUntil, goneAfterMs, latestBeat, mayProbe, owesProof } from './signs-of-life.ts';
import type { Probe } from './signs-of-life.ts';

/** Where a relay's links are reached. */
export interface PeerAddress {
  readonly host: string;
  readonly link: number;
}

/** What a link's handshake and hello have shown. */
export interface VerifiedRelay {
  readonly id: RelayId;
  readonly address: PeerAddress;
  /** HTTP port. */
  readonly port: number;
  readonly capacity: number;
  readonly machine: string;
  /** Seconds on the relay's own clock. */
  readonly beat: number;
}

/** A live relay as told to others. */
export interface MemberNews {
  readonly id: RelayId;
  readonly host: string;
  readonly port: number;
  readonly link: number;
  readonly beat: number;
}

export interface MembershipOptions {
  readonly id: RelayId;
  readonly capacity: number;
  readonly machine: string;
  readonly clock: Pick<Clock, 'now' | 'wallTime'>;
  readonly events: EventBus;
  /** How long one that is gone is remembered; default `DEFAULT_REPAIR_GRACE_MS`. */
  readonly graceMs?: number;
}

/** A relay that is gone, and may be back soon. */
export interface AwayMember {
  readonly peer: Peer & { id: RelayId };
  /** Monotonic ms, as the next: when it became a member, and when it was given up. */
  readonly since: number;
  readonly goneAt: number;
}

export interface TickResult {
  /** Quiet members: ask them over a link, and report with `probeStarted`, then `heard` or `probeFailed`. */
  readonly probe: RelayId[];
  /** Members that have just been given up. */
  readonly gone: RelayId[];
}

interface Member {
  peer: Peer & { id: RelayId };
  /** When it became a member; being away for less than the grace does not count as leaving. */
  since: number;
  /** Verified, last verified first. */
  addresses: PeerAddress[];
  /** Where a beacon came from that is no verified address; tried by probes. */
  hint: PeerAddress | undefined;
  /** Last sign of life, and the last one that nobody else can have made. */
  heardAt: number;
  provenAt: number;
  /** When it was last asked for one. */
  askedAt: number;
  /** Beat at the last handshake and when that was: direct signs of life count on from there. */
  beatBase: number;
  beatBaseAt: number;
  beat: number;
  /** Who told of the last beat; undefined: heard directly. */
  toldBy: RelayId | undefined;
  probe: Probe;
}

/** A probe that has not answered for this long counts against its member, though it may still succeed. */
const PROBE_GRACE_MS = 1000;
/** Beacons come late by jitter, by queues and by busy machines. */
const LATE_FACTOR = 1.3;
/** A tick that comes later than this was not run in between: we were stopped, not the others. */
const FROZEN_AFTER_MS = 2000;

/** How often each of `relays` relays on one host sends its beacon, so that the host's beacons stay bounded. */
export function beaconIntervalMs(relays: number): number {
  return Math.min(MAX_BEACON_INTERVAL_MS, HELLO_INTERVAL_MS * Math.max(1, relays / HELLO_STRETCH_ABOVE));
}

export class Membership {
  readonly #options: MembershipOptions;
  readonly #members = new Map<RelayId, Member>();
  /** Those gone last, the earliest first. */
  readonly #away = new Map<RelayId, AwayMember>();
  /** Members by machine, this relay included. */
  readonly #machines = new Map<string, number>();
  #self: Peer & { id: RelayId };
  #beatBase: number;
  #lastTickAt: number | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
    const { id, capacity, machine, clock } = options;
    // Ports are known once the relay listens: see `setSelf`.
    this.#self = { id, host: '127.0.0.1', port: 1, link: 1, capacity, machine, state: 'alive' };
    this.#machines.set(machine, 1);
    // Counts on over a restart as long as the machine's clock does not step back; a handshake heals it if it does.
    this.#beatBase = clock.wallTime() - clock.now();
  }

  get #graceMs(): number {
    return this.#options.graceMs ?? DEFAULT_REPAIR_GRACE_MS;
  }

  /** This relay as others see it. `host` is a guess: whoever answers a client knows better. */
  get self(): Peer & { id: RelayId } {
    return this.#self;
  }

  setSelf(listening: { host: string; port: number; link: number }): void {
    this.#self = { ...this.#self, ...listening };
  }

  /** This relay's own beat. */
  get beat(): number {
    return Math.floor((this.#beatBase + this.#options.clock.now()) / 1000);
  }

  /** Live relays, this one first, suspects included. */
  list(): (Peer & { id: RelayId })[] {
    return [this.#self, ...Array.from(this.#members.values(), (member) => member.peer)];
  }

  /** A live relay, or this one. */
  get(id: RelayId): (Peer & { id: RelayId }) | undefined {
    return id === this.#self.id ? this.#self : this.#members.get(id)?.peer;
  }

  /** Live relays known, this one included. */
  get size(): number {
    return this.#members.size + 1;
  }

  /** When a live relay became a member, on the monotonic clock; undefined for any other, and for this one. */
  sinceOf(id: RelayId): number | undefined {
    return this.#members.get(id)?.since;
  }

  /** Relays that have been gone for no longer than `withinMs`, the grace unless it is given. At most `MAX_PEERS`. */
  away(withinMs = this.#graceMs): AwayMember[] {
    const earliest = this.#options.clock.now() - withinMs;
    return [...this.#away.values()].filter(({ goneAt }) => goneAt >= earliest);
  }

  /** Live relays that declare `machine`, this one included. */
  relaysOn(machine: string): number {
    return this.#machines.get(machine) ?? 0;
  }

  /** Where to dial a member: fresh unverified beacons count only after addresses that have worked. */
  addressesOf(id: RelayId): PeerAddress[] {
    const member = this.#members.get(id);
    if (member === undefined) return [];
    return member.hint === undefined ? member.addresses : [...member.addresses, member.hint];
  }

  /** A link has proven a relay. False if there is no room for one more, or it is this relay. */
  verified(relay: VerifiedRelay): boolean {
    if (relay.id === this.#self.id) return false;
    const now = this.#options.clock.now();
    const known = this.#members.get(relay.id);
    if (known === undefined && !this.#hasRoomAt(relay.address.host)) return false;
    const others = (known?.addresses ?? []).filter((address) => !sameAddress(address, relay.address));
    const peer: Member['peer'] = {
      id: relay.id,
      host: relay.address.host,
      port: relay.port,
      link: relay.address.link,
      capacity: relay.capacity,
      machine: relay.machine,
      state: 'alive',
    };
    this.#members.set(relay.id, {
      peer,
      since: known?.since ?? this.#returned(relay.id) ?? now,
      addresses: [relay.address, ...others].slice(0, MAX_PEER_ADDRESSES),
      hint: undefined,
      heardAt: now,
      provenAt: now,
      askedAt: now,
      beatBase: relay.beat,
      beatBaseAt: now,
      beat: relay.beat,
      toldBy: undefined,
      probe: NO_PROBE,
    });
    if (known?.peer.machine !== relay.machine) {
      if (known !== undefined) this.#countMachine(known.peer.machine, -1);
      this.#countMachine(relay.machine, 1);
    }
    if (known === undefined) {
      this.#options.events.publish({ type: 'peer-joined', id: relay.id, host: peer.host, port: peer.port });
    }
    return true;
  }

  /** Identities cost nothing to make, addresses do: one address does not fill the list. */
  #hasRoomAt(host: string): boolean {
    if (this.#members.size + 1 >= MAX_PEERS) return false;
    if (this.#members.size < MAX_MEMBERS_PER_ADDRESS) return true;
    const group = addressGroup(host);
    let there = 0;
    for (const { peer } of this.#members.values()) if (addressGroup(peer.host) === group) there++;
    return there < MAX_MEMBERS_PER_ADDRESS;
  }

  /** A direct sign of life, over a link. `at`: when, if not now. */
  heard(id: RelayId, at = this.#options.clock.now()): void {
    const member = this.#members.get(id);
    if (member === undefined || at <= member.provenAt) return;
    member.provenAt = at;
    if (at > member.heardAt) this.#heardDirectly(member, at);
  }

  /** A beacon. False if it is from no member: then it is a hint to verify. */
  heardBeacon(id: RelayId, address: PeerAddress): boolean {
    if (id === this.#self.id) return true;
    const member = this.#members.get(id);
    if (member === undefined) return false;
    if (member.addresses.some((verified) => sameAddress(verified, address))) {
      this.#heardDirectly(member, believedUntil(member, this.#options.clock.now()));
    } else member.hint = address;
    return true;
  }

  /** A beat from `teller`'s list. False if it is from no member: then it is a hint to verify. */
  heardBeat(id: RelayId, beat: number, teller: RelayId): boolean {
    if (id === this.#self.id) return true;
    const member = this.#members.get(id);
    if (member === undefined) return false;
    if (beat <= member.beat || beat > latestBeat(member, this.#options.clock.now())) return true;
    member.beat = beat;
    member.toldBy = teller;
    this.#revive(member, believedUntil(member, this.#options.clock.now()));
    return true;
  }

  probeStarted(id: RelayId): void {
    const member = this.#members.get(id);
    // While one after another fails, the member stays suspect.
    if (member?.probe.state === 'none') {
      member.probe = { state: 'under way', since: this.#options.clock.now() };
    }
  }

  probeFailed(id: RelayId): void {
    const member = this.#members.get(id);
    if (member !== undefined) member.probe = { state: 'failed', since: this.#options.clock.now() };
  }

  /** Call it a few times a second: ages members, and says whom to probe. */
  tick(): TickResult {
    const now = this.#options.clock.now();
    this.#forgiveFreeze(now);
    const result: TickResult = { probe: [], gone: [] };
    for (const [id, member] of this.#members) {
      const quietMs = now - member.heardAt;
      const probeAfterMs = this.#probeAfterMs(member);
      if (quietMs < probeAfterMs) {
        if (owesProof(member, now)) result.probe.push(id);
        continue;
      }
      if (member.peer.state === 'alive' && this.#isSuspect(member, quietMs, probeAfterMs, now)) {
        member.peer = { ...member.peer, state: 'suspect' };
        this.#options.events.publish({ type: 'peer-suspect', id });
      }
      if (member.peer.state === 'suspect' && quietMs >= goneAfterMs(probeAfterMs)) {
        this.#drop(id, member);
        result.gone.push(id);
      } else if (mayProbe(member.probe, now)) {
        result.probe.push(id);
      }
    }
    return result;
  }

  /** Live relays to tell a peer of, this one first: not the peer itself, and nothing that it told us. */
  newsFor(id: RelayId): MemberNews[] {
    const { host, port, link } = this.#self;
    const news: MemberNews[] = [{ id: this.#self.id, host, port, link, beat: this.beat }];
    for (const { peer, beat, toldBy } of this.#members.values()) {
      if (peer.id === id || toldBy === id || peer.state !== 'alive') continue;
      news.push({ id: peer.id, host: peer.host, port: peer.port, link: peer.link, beat });
    }
    return news;
  }

  #isSuspect(member: Member, quietMs: number, probeAfterMs: number, now: number): boolean {
    if (member.probe.state === 'failed') return true;
    // Not even probed for so long: the machine is too busy to tell, and it would be a lie to call it alive.
    if (member.probe.state === 'none') return quietMs >= 2 * probeAfterMs;
    return now - member.probe.since >= PROBE_GRACE_MS;
  }

  /** Quiet for longer than its host's beacon interval explains. */
  #probeAfterMs(member: Member): number {
    const intervalMs = beaconIntervalMs(this.relaysOn(member.peer.machine));
    return Math.max(SUSPECT_AFTER_MS, intervalMs * LATE_FACTOR);
  }

  #heardDirectly(member: Member, at: number): void {
    if (at <= member.heardAt) return;
    member.toldBy = undefined;
    member.beat = Math.max(member.beat, member.beatBase + Math.floor((at - member.beatBaseAt) / 1000));
    this.#revive(member, at);
  }

  #revive(member: Member, at: number): void {
    if (at <= member.heardAt) return;
    member.heardAt = at;
    member.probe = NO_PROBE;
    if (member.peer.state === 'suspect') member.peer = { ...member.peer, state: 'alive' };
  }

  #drop(id: RelayId, member: Member): void {
    this.#members.delete(id);
    this.#away.delete(id);
    this.#away.set(id, { peer: member.peer, since: member.since, goneAt: this.#options.clock.now() });
    const [earliest] = this.#away.keys();
    if (this.#away.size > MAX_PEERS && earliest !== undefined) this.#away.delete(earliest);
    this.#countMachine(member.peer.machine, -1);
    this.#options.events.publish({ type: 'peer-left', id });
  }

  /** Since when one that is back within the grace has been a member. */
  #returned(id: RelayId): number | undefined {
    const away = this.#away.get(id);
    this.#away.delete(id);
    if (away === undefined || this.#options.clock.now() - away.goneAt > this.#graceMs) return undefined;
    return away.since;
  }

  #countMachine(machine: string, change: 1 | -1): void {
    const count = (this.#machines.get(machine) ?? 0) + change;
    if (count > 0) this.#machines.set(machine, count);
    else this.#machines.delete(machine);
  }

  /** While this process did not run it could not hear anybody: that time does not count. */
  #forgiveFreeze(now: number): void {
    const elapsedMs = now - (this.#lastTickAt ?? now);
    this.#lastTickAt = now;
    if (elapsedMs < FROZEN_AFTER_MS) return;
    for (const member of this.#members.values()) {
      member.heardAt = Math.min(now, member.heardAt + elapsedMs);
      member.provenAt = Math.min(now, member.provenAt + elapsedMs);
      member.probe = NO_PROBE;
    }
    for (const [id, away] of this.#away) this.#away.set(id, { ...away, goneAt: away.goneAt + elapsedMs });
  }
}

export function sameAddress(a: PeerAddress, b: PeerAddress): boolean {
  return a.host === b.host && a.link === b.link;
}
