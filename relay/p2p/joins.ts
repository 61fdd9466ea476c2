/** The relays that this one stays joined to: those of `--join`, and those that its operator adds while it runs. */
import { AppError } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { parseRelayId } from '../../shared/ids.ts';
import { ADD_RELAY_TIMEOUT_MS, MAX_ADDED_RELAYS } from '../../shared/limits.ts';
import type { AddedRelay } from '../../shared/protocol/operator-routes.ts';
import { withDeadline } from '../services/deadline.ts';
import type { Membership } from '../services/membership.ts';
import { normalizeHost } from './addresses.ts';
import { join, keepJoined, parseJoinUrl } from './join.ts';
import type { JoinOptions } from './join.ts';
import type { Link } from './link.ts';

export interface JoinsOptions extends JoinOptions {
  readonly membership: Pick<Membership, 'get' | 'list'>;
  /** Of `--join`. */
  readonly urls: readonly string[];
  readonly stopped: AbortSignal;
}

export class Joins {
  readonly #options: JoinsOptions;
  readonly #configured: readonly URL[];
  /** Origins, each once. */
  readonly #added = new Set<string>();

  /** Throws `BAD_INPUT` for a URL that is none. */
  constructor(options: JoinsOptions) {
    this.#options = options;
    this.#configured = options.urls.map(parseJoinUrl);
  }

  /** Whether there is a relay to stay joined to. */
  get any(): boolean {
    return this.#configured.length + this.#added.size > 0;
  }

  /** Begins with the configured ones. */
  start(): void {
    for (const url of this.#configured) void keepJoined(url, this.#options, this.#options.stopped);
  }

  /**
   * Links to the relay whose HTTP interface is at `address`, once it has proven itself, and stays joined to it until this relay
   * stops. Throws `BAD_INPUT` for what is no address, `CONFLICT` for this relay's own, `FORBIDDEN` for a relay of another swarm,
   * `UNAVAILABLE`, `TIMEOUT`, `NO_SPACE`, `ABORTED`.
   */
  async add(address: string, signal: AbortSignal): Promise<AddedRelay> {
    const url = parseRelayAddress(address);
    const { clock, membership, stopped } = this.#options;
    const before = new Set(membership.list().map(({ id }) => id));
    const link = await withDeadline(
      clock,
      ADD_RELAY_TIMEOUT_MS,
      'Joining the relay',
      AbortSignal.any([signal, stopped]),
      (bounded) => this.#join(url, bounded),
    );
    const known = before.has(link.id);
    if (!known) this.#stay(url, link);
    return { id: link.id, host: link.address.host, port: link.hello.port, known };
  }

  async #join(url: URL, signal: AbortSignal): Promise<Link> {
    if (this.#added.size >= MAX_ADDED_RELAYS && !this.#added.has(url.origin))
      throw new AppError(
        'NO_SPACE',
        'So many relays have been added that no more are kept. Restart this relay.',
      );
    let link: Link | undefined;
    try {
      link = await join(url, this.#options, signal);
    } catch (cause) {
      throw wordsOf(AppError.from(cause), url);
    }
    if (link === undefined) throw new AppError('CONFLICT', 'That is the address of this relay itself.');
    // The link's handshake has been taken note of, unless there was no room for one more.
    if (this.#options.membership.get(parseRelayId(link.id)) === undefined)
      throw new AppError('NO_SPACE', 'This relay knows as many relays as it can.');
    return link;
  }

  #stay(url: URL, link: Link): void {
    if (this.#added.has(url.origin)) return;
    this.#added.add(url.origin);
    void keepJoined(url, this.#options, this.#options.stopped, link);
  }
}

/** `http://host:port` of what a person types: with or without the scheme, of a URL only the origin. Throws `BAD_INPUT`. */
export function parseRelayAddress(text: string): URL {
  const trimmed = text.trim();
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed);
  const url = URL.parse(hasScheme ? trimmed : `http://${trimmed}`);
  const isAddress =
    url !== null && ['http:', 'https:'].includes(url.protocol) && normalizeHost(url.hostname) !== '';
  const hasPort = hasScheme || (url !== null && url.port !== '') || trimmed.endsWith(':80');
  if (!isAddress || !hasPort || url.username !== '' || url.password !== '')
    throw new AppError('BAD_INPUT', 'Not the address of a relay. It looks like 192.168.1.5:8000.');
  return new URL(url.origin);
}

/** For the operator, who typed an address and knows nothing of how it is joined. */
function wordsOf(error: AppError, { host }: URL): AppError {
  const say = (code: ErrorCode, message: string): AppError => new AppError(code, message, { cause: error });
  if (error.code === 'FORBIDDEN' || error.code === 'NO_SESSION') {
    return say(
      'FORBIDDEN',
      `The relay at ${host} is of another swarm: both need the same swarm key, or none.`,
    );
  }
  if (error.code === 'BAD_INPUT' || error.code === 'TOO_LARGE') {
    return say('UNAVAILABLE', `Something answers at ${host}, but not as a relay does. Check the port.`);
  }
  if (error.code !== 'UNAVAILABLE') return error;
  return say(
    'UNAVAILABLE',
    `No relay could be reached at ${host}. Check that it runs, that the address is right and that no firewall is between.`,
  );
}
