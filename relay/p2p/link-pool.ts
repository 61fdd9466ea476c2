/** All links of this relay: accepts, dials on demand, shares one link for all requests to a relay, closes idle ones. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { AppError } from '../../shared/errors.ts';
import type { RelayId } from '../../shared/ids.ts';
import {
  LINK_HANDSHAKE_TIMEOUT_MS,
  LINK_IDLE_TIMEOUT_MS,
  LINK_SURPLUS_IDLE_MS,
  MAX_INBOUND_LINKS,
  MAX_INBOUND_LINKS_PER_ADDRESS,
  MAX_LINKS,
  MAX_LINKS_PER_RELAY,
  MAX_PENDING_HANDSHAKES,
} from '../../shared/limits.ts';
import { addressGroup } from '../services/address-group.ts';
import type { PeerAddress } from '../services/membership.ts';
import { isWildcard } from './addresses.ts';
import { abortable, withDeadline } from '../services/deadline.ts';
import type { Link } from './link.ts';
import { openLink } from './open-link.ts';
import type { LinkContext } from './open-link.ts';

const SWEEP_INTERVAL_MS = 1000;

export interface LinkPoolOptions extends LinkContext {
  /** Addresses to try for a relay, best first. */
  readonly addressesOf: (id: RelayId) => readonly PeerAddress[];
  /** Whether this relay can say hello yet. */
  readonly accepts: () => boolean;
  /** A link has proven its relay. Gives whether there is room for that relay. */
  readonly onLink: (link: Link) => boolean;
  /** The last link to a relay has been lost. */
  readonly onLost: (id: RelayId) => void;
  /** Whether links to a relay stay open though idle. */
  readonly keeps: (id: RelayId) => boolean;
}

export class LinkPool implements AsyncDisposable {
  readonly #options: LinkPoolOptions;
  readonly #links = new Map<RelayId, Set<Link>>();
  readonly #dials = new Map<RelayId, Promise<Link>>();
  /** Accepted sockets that have not proven who they are, oldest first. */
  readonly #handshakes = new Set<Socket>();
  readonly #stopped = new AbortController();
  #server: Server | undefined;

  constructor(options: LinkPoolOptions) {
    this.#options = options;
  }

  /** Accepts links. Gives the port. Throws UNAVAILABLE when it is taken. */
  async listen(host: string, port: number): Promise<number> {
    const server = createServer((socket) => this.#accept(socket));
    this.#server = server;
    server.maxConnections = MAX_INBOUND_LINKS + MAX_PENDING_HANDSHAKES;
    try {
      // Everywhere means IPv6 as well, where the system has it.
      await listenOn(server, isWildcard(host) ? '::' : host, port);
    } catch (cause) {
      if (!isWildcard(host) || !isErrno(cause, ['EAFNOSUPPORT', 'EADDRNOTAVAIL']))
        throw portTaken(host, port, cause);
      await listenOn(server, '0.0.0.0', port).catch((again: unknown) => {
        throw portTaken(host, port, again);
      });
    }
    server.on('error', (err) => this.#options.log.warn({ err }, 'link server'));
    this.#options.clock.every(SWEEP_INTERVAL_MS, () => this.#sweep(), this.#stopped.signal);
    return (server.address() as AddressInfo).port;
  }

  /** Open links, surplus ones included. */
  *all(): Iterable<Link> {
    for (const links of this.#links.values()) yield* links;
  }

  /** Relays that a link is open to. */
  ids(): RelayId[] {
    return [...this.#links.keys()];
  }

  get size(): number {
    return this.#links.size;
  }

  /** The open link that requests to `id` use. */
  peek(id: RelayId): Link | undefined {
    for (const link of this.#links.get(id) ?? []) if (!link.surplus) return link;
    return undefined;
  }

  /** The open link to `id`, or a new one; callers share one dial. Throws UNAVAILABLE, TIMEOUT or FORBIDDEN. */
  async get(id: RelayId, signal: AbortSignal): Promise<Link> {
    const open = this.peek(id);
    if (open !== undefined) return open;
    let dial = this.#dials.get(id);
    if (dial === undefined) {
      dial = this.#dialAny(id).finally(() => this.#dials.delete(id));
      this.#dials.set(id, dial);
    }
    return abortable(signal, dial);
  }

  /** A new link to `address`; `expectedId` must answer there if it is given. */
  async dial(address: PeerAddress, expectedId: RelayId | undefined, signal: AbortSignal): Promise<Link> {
    const either = AbortSignal.any([signal, this.#stopped.signal]);
    const socket = await withDeadline(
      this.#options.clock,
      LINK_HANDSHAKE_TIMEOUT_MS,
      'A connection',
      either,
      (deadline) => connectTo(address, deadline),
    );
    const expected = expectedId === undefined ? {} : { expectedId };
    const link = await openLink(this.#options, { socket, dialled: address, ...expected }, either);
    this.#add(link);
    return link;
  }

  /** Ends every link to a relay that is gone. */
  closeAll(id: RelayId): void {
    for (const link of [...(this.#links.get(id) ?? [])]) link.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort(new AppError('UNAVAILABLE', 'The relay is stopping.'));
    for (const link of [...this.all()]) link.close();
    for (const socket of this.#handshakes) socket.destroy();
    const server = this.#server;
    if (server === undefined) return;
    const closed = Promise.withResolvers<undefined>();
    server.close(() => closed.resolve(undefined));
    await closed.promise;
  }

  async #dialAny(id: RelayId): Promise<Link> {
    let failure = new AppError('UNAVAILABLE', 'The relay is not known here.');
    for (const address of this.#options.addressesOf(id)) {
      try {
        return await this.dial(address, id, this.#stopped.signal);
      } catch (cause) {
        failure = AppError.from(cause, 'UNAVAILABLE');
      }
    }
    throw failure;
  }

  #accept(socket: Socket): void {
    if (!this.#options.accepts() || this.#isCrowded(socket)) {
      socket.destroy();
      return;
    }
    if (this.#handshakes.size >= MAX_PENDING_HANDSHAKES) oldestOfMost(this.#handshakes)?.destroy();
    this.#handshakes.add(socket);
    openLink(this.#options, { socket }, this.#stopped.signal)
      .then((link) => this.#add(link))
      .catch((cause: unknown) => {
        this.#options.log.debug({ err: cause, host: socket.remoteAddress }, 'an inbound link was not opened');
      })
      .finally(() => this.#handshakes.delete(socket));
  }

  /** One host that makes up relays leaves room for the links of others. */
  #isCrowded(socket: Socket): boolean {
    const group = groupOf(socket);
    let there = 0;
    for (const link of this.all()) {
      if (!link.isInitiator && addressGroup(link.address.host) === group) there++;
    }
    return there >= MAX_INBOUND_LINKS_PER_ADDRESS;
  }

  #add(link: Link): void {
    if (link.closed.aborted) return;
    const others = this.#links.get(link.id) ?? new Set<Link>();
    this.#links.set(link.id, others.add(link));
    link.closed.addEventListener('abort', () => this.#remove(link), { once: true });
    this.#choose(others);
    this.#makeRoom(link);
    if (others.has(link) && !this.#options.onLink(link)) link.close();
  }

  #remove(link: Link): void {
    const links = this.#links.get(link.id);
    if (links?.delete(link) !== true) return;
    if (links.size > 0) {
      this.#choose(links);
      return;
    }
    this.#links.delete(link.id);
    this.#options.onLost(link.id);
  }

  /**
   * Both ends prefer the same one of several links: the one that the smaller id dialled, of those the newest (an older
   * one may be left over from before the peer's restart). The rest ends when its requests have.
   */
  #choose(links: Set<Link>): void {
    let best: Link | undefined;
    // A set iterates in the order of opening.
    for (const link of links) {
      if (best === undefined || this.#dialler(link) <= this.#dialler(best)) best = link;
    }
    for (const link of links) link.surplus = link !== best;
    const [oldest] = [...links].filter((link) => link.surplus);
    if (links.size > MAX_LINKS_PER_RELAY) oldest?.close();
  }

  #dialler(link: Link): RelayId {
    return link.isInitiator ? this.#options.selfId : link.id;
  }

  /** The longest idle link of the same direction gives way to a new one; with none idle, the new one goes. */
  #makeRoom(added: Link): void {
    const sameDirection = [...this.all()].filter((link) => link.isInitiator === added.isInitiator);
    if (sameDirection.length <= (added.isInitiator ? MAX_LINKS : MAX_INBOUND_LINKS)) return;
    let victim = added;
    for (const link of sameDirection) {
      if (!this.#stays(link) && link.idleMs() > victim.idleMs()) victim = link;
    }
    victim.close();
  }

  /** An idle link is its dialler's to close: the other end cannot know whether it is kept on purpose. */
  #sweep(): void {
    for (const link of [...this.all()]) {
      const limitMs = link.surplus
        ? LINK_SURPLUS_IDLE_MS
        : !link.isInitiator || this.#stays(link)
          ? Infinity
          : LINK_IDLE_TIMEOUT_MS;
      if (link.idleMs() > limitMs) link.close();
    }
  }

  #stays(link: Link): boolean {
    return link.pinned || this.#options.keeps(link.id);
  }
}

function groupOf(socket: Socket): string {
  return addressGroup(socket.remoteAddress ?? '');
}

/** Of the address with the most of them, the one that has waited longest: one host's flood displaces itself. */
function oldestOfMost(sockets: ReadonlySet<Socket>): Socket | undefined {
  const groups = new Map<string, Socket[]>();
  for (const socket of sockets) {
    const group = groupOf(socket);
    groups.set(group, [...(groups.get(group) ?? []), socket]);
  }
  let most: readonly Socket[] = [];
  for (const group of groups.values()) if (group.length > most.length) most = group;
  return most[0];
}

async function listenOn(server: Server, host: string, port: number): Promise<void> {
  const listening = Promise.withResolvers<undefined>();
  server.once('error', listening.reject);
  server.listen(port, host, () => listening.resolve(undefined));
  await listening.promise.finally(() => server.off('error', listening.reject));
}

function isErrno(cause: unknown, codes: readonly string[]): boolean {
  return cause instanceof Error && 'code' in cause && codes.includes(String(cause.code));
}

function portTaken(host: string, port: number, cause: unknown): AppError {
  return new AppError('UNAVAILABLE', `Cannot listen for links on ${host}, port ${port}.`, { cause });
}

async function connectTo({ host, link: port }: PeerAddress, signal: AbortSignal): Promise<Socket> {
  const connected = Promise.withResolvers<Socket>();
  const socket = connect({ host, port, noDelay: true });
  const onAbort = (): void => void socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  // Stays: a socket may also fail before its link listens.
  socket.on('error', (cause) => {
    connected.reject(new AppError('UNAVAILABLE', 'The relay cannot be reached.', { cause }));
  });
  socket.once('connect', () => connected.resolve(socket));
  try {
    return await connected.promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
