/**
 * Peer lists over links that are kept for it, for relays that broadcasts do not reach: whoever pins a link sends its list on
 * it each second, and whoever gets one answers with its own. Lists are hints and beats; links prove identity.
 */
import { isIP } from 'node:net';
import { utf8 } from '../../shared/bytes.ts';
import { parseRelayId } from '../../shared/ids.ts';
import type { RelayId } from '../../shared/ids.ts';
import {
  HELLO_INTERVAL_MS,
  MAX_PEER_MESSAGES_READ,
  MIN_PEER_EXCHANGE_LINKS,
  PEER_MESSAGES_PER_INTERVAL,
  PEER_ROWS_PER_MESSAGE,
} from '../../shared/limits.ts';
import type { Membership, MemberNews, PeerAddress } from '../services/membership.ts';
import type { Clock } from '../services/ports.ts';
import { hostFrom } from './addresses.ts';
import { decodeJson } from './json-encoding.ts';
import type { Link } from './link.ts';
import { MAX_ROW_HOST_CHARS, PeerList } from './peer-list.ts';
import type { PeerRow } from './peer-list.ts';

/** A peer that has sent no list for so long does not want ours any more. */
const PARTNER_TIMEOUT_MS = 5 * HELLO_INTERVAL_MS;

/** A peer that sends us lists. */
interface Partner {
  heardAt: number;
  /** Messages read since. */
  countedFrom: number;
  messages: number;
}

export interface PeerExchangeOptions {
  readonly clock: Clock;
  readonly membership: Membership;
  readonly onHint: (id: RelayId, address: PeerAddress) => void;
  /** Opens the link to a member. */
  readonly open: (id: RelayId, signal: AbortSignal) => Promise<Link>;
  /** Whether this relay depends on lists, and so keeps some links for them by itself. */
  readonly seeksLinks: () => boolean;
}

export class PeerExchange implements Disposable {
  readonly #options: PeerExchangeOptions;
  readonly #pinned = new Set<Link>();
  /** Their links are theirs to keep: who sends lists gets lists, and nothing else for it. */
  readonly #partners = new Map<Link, Partner>();
  readonly #stopped = new AbortController();
  #seeking = false;
  /** Where the next message begins when there are more rows than one interval may send. */
  #offset = 0;

  constructor(options: PeerExchangeOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.clock.every(HELLO_INTERVAL_MS, () => this.#run(), this.#stopped.signal);
  }

  /** Keeps `link` open and exchanges lists on it until it is lost. */
  pin(link: Link): void {
    if (link.closed.aborted || this.#pinned.has(link)) return;
    this.#pinned.add(link);
    link.pinned = true;
    link.closed.addEventListener('abort', () => this.#pinned.delete(link), { once: true });
    this.#send(link);
  }

  /** A list came in; more of them than anybody has to send are not even read. Throws BAD_INPUT for one that does not validate. */
  receive(link: Link, bytes: Uint8Array): void {
    const now = this.#options.clock.now();
    const known = this.#partners.get(link);
    const partner = known ?? { heardAt: now, countedFrom: now, messages: 0 };
    if (!this.#admits(partner, now)) return;
    const { peers } = decodeJson(PeerList, bytes, 'A peer list');
    partner.heardAt = now;
    for (const row of peers) this.#take(link, row);
    if (known !== undefined) return;
    this.#partners.set(link, partner);
    link.closed.addEventListener('abort', () => this.#partners.delete(link), { once: true });
    if (!this.#pinned.has(link)) this.#send(link);
  }

  #admits(partner: Partner, now: number): boolean {
    if (now - partner.countedFrom >= HELLO_INTERVAL_MS) {
      partner.countedFrom = now;
      partner.messages = 0;
    }
    return ++partner.messages <= MAX_PEER_MESSAGES_READ;
  }

  [Symbol.dispose](): void {
    this.#stopped.abort();
  }

  #take(link: Link, row: PeerRow): void {
    const id = parseRelayId(row.id);
    const { membership, onHint } = this.#options;
    if (membership.heardBeat(id, row.beat, link.id)) return;
    const host = row.host === undefined ? link.address.host : hostFrom(row.host, link.address.host);
    // A name would be looked up wherever its teller likes.
    if (isIP(host) === 0) return;
    onHint(id, { host, link: row.link });
  }

  #run(): void {
    const now = this.#options.clock.now();
    for (const [link, { heardAt }] of this.#partners) {
      if (now - heardAt >= PARTNER_TIMEOUT_MS) this.#partners.delete(link);
    }
    const links = new Set([...this.#pinned, ...this.#partners.keys()]);
    for (const link of links) this.#send(link);
    this.#offset += PEER_MESSAGES_PER_INTERVAL * PEER_ROWS_PER_MESSAGE;
    if (this.#options.seeksLinks() && links.size < MIN_PEER_EXCHANGE_LINKS) void this.#seek(links);
  }

  #send(link: Link): void {
    const rows = this.#options.membership.newsFor(link.id).map((news, index) => toRow(news, index === 0));
    const fits = rows.filter(({ host }) => host === undefined || host.length <= MAX_ROW_HOST_CHARS);
    const limit = PEER_MESSAGES_PER_INTERVAL * PEER_ROWS_PER_MESSAGE;
    const start = fits.length > limit ? this.#offset % fits.length : 0;
    const turn = [...fits.slice(start), ...fits.slice(0, start)].slice(0, limit);
    for (let at = 0; at < turn.length; at += PEER_ROWS_PER_MESSAGE) {
      const list: PeerList = { peers: turn.slice(at, at + PEER_ROWS_PER_MESSAGE) };
      link.sendPeers(utf8(JSON.stringify(list)));
    }
  }

  /** Pins the link to one more member, so that the swarm stays connected when the relay that was joined dies. */
  async #seek(linked: ReadonlySet<Link>): Promise<void> {
    if (this.#seeking) return;
    const ids = new Set(Array.from(linked, (link) => link.id));
    const { membership, open } = this.#options;
    const others = membership
      .list()
      .slice(1)
      .filter((peer) => !ids.has(peer.id) && peer.state === 'alive');
    const chosen = others[Math.floor(Math.random() * others.length)];
    if (chosen === undefined) return;
    this.#seeking = true;
    await open(chosen.id, this.#stopped.signal).then(
      (link) => this.pin(link),
      // The next interval tries another one.
      () => undefined,
    );
    this.#seeking = false;
  }
}

/** This relay's own row bears no host: the peer sees the link's address. */
function toRow({ id, host, port, link, beat }: MemberNews, isSelf: boolean): PeerRow {
  return isSelf ? { id, port, link, beat } : { id, host, port, link, beat };
}
