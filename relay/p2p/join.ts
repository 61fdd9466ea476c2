/** One relay to join: learns the swarm from its HTTP interface, links to it and keeps the link. */
import { AppError } from '../../shared/errors.ts';
import { parseRelayId } from '../../shared/ids.ts';
import type { RelayId } from '../../shared/ids.ts';
import { MAX_JSON_ANSWER_BYTES, REQUEST_TIMEOUT_MS } from '../../shared/limits.ts';
import type { Static, TSchema } from 'typebox';
import { PeersPage, Status } from '../../shared/protocol/routes.ts';
import type { Peer } from '../../shared/protocol/routes.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import type { PeerAddress } from '../services/membership.ts';
import type { Clock } from '../services/ports.ts';
import { hostFrom, normalizeHost } from './addresses.ts';
import { withDeadline } from '../services/deadline.ts';
import type { Link } from './link.ts';
import type { Log } from '../services/log.ts';

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 5000;
/** Pages of `/peers` that are read: enough for `MAX_PEERS`. */
const MAX_PAGES = 8;

type JoinFetch = (url: string, init: RequestInit) => Promise<Response>;

export interface JoinOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly selfId: RelayId;
  /** `fetch`, or one that opens sessions where the swarm is private. */
  readonly fetch: JoinFetch;
  readonly dial: (address: PeerAddress, id: RelayId, signal: AbortSignal) => Promise<Link>;
  readonly pin: (link: Link) => void;
  readonly onHint: (id: RelayId, address: PeerAddress) => void;
}

/** Throws `BAD_INPUT` for anything but an HTTP(S) URL. */
export function parseJoinUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new AppError(
      'BAD_INPUT',
      `Not the URL of a relay: ${text}. It looks like http://192.168.1.5:8000.`,
    );
  }
  return url;
}

/** Stays joined to the relay at `url`, whenever that is up, until the signal fires; `first`: the link to it, if there is one. */
export async function keepJoined(
  url: URL,
  options: JoinOptions,
  signal: AbortSignal,
  first?: Link,
): Promise<void> {
  let delayMs = FIRST_RETRY_MS;
  let isAway = false;
  for (let link = first; !signal.aborted; link = undefined) {
    try {
      link ??= await join(url, options, signal);
      if (link === undefined) return;
      options.log.info({ url: url.origin }, 'joined');
      options.log.debug({ url: url.origin, relay: link.id }, 'joined');
      isAway = false;
      delayMs = FIRST_RETRY_MS;
      await closed(link, signal);
    } catch (cause) {
      const details = { url: url.origin, reason: AppError.from(cause).message };
      // Once, or a relay that is gone for good fills the log.
      if (isAway) options.log.debug(details, 'could not join yet');
      else options.log.info(details, 'could not join yet');
      isAway = true;
    }
    // Rejects when the signal fires, which ends the loop.
    await options.clock.sleep(delayMs, signal).catch(() => undefined);
    delayMs = Math.min(MAX_RETRY_MS, delayMs * 2);
  }
}

/**
 * One attempt. Undefined: the URL is this relay's own. Throws `UNAVAILABLE`, `TIMEOUT`, `FORBIDDEN` for a relay of another swarm,
 * `BAD_INPUT` for what does not answer as a relay, `TOO_LARGE`.
 */
export async function join(url: URL, options: JoinOptions, signal: AbortSignal): Promise<Link | undefined> {
  const via = normalizeHost(url.hostname);
  // Which row of the list it is cannot be told by the URL: that may be a name, or an address behind a forwarded port.
  const { id } = await fetchJson(Status, new URL('/status', url), options, signal);
  if (id === options.selfId) return undefined;
  const peers = await fetchPeers(url, options, signal);
  const target = peers.find((peer) => peer.id === id);
  if (target === undefined) throw new AppError('UNAVAILABLE', 'The relay to join does not know itself.');
  for (const peer of peers) {
    options.onHint(parseRelayId(peer.id), { host: hostFrom(peer.host, via), link: peer.link });
  }
  const link = await options.dial({ host: via, link: target.link }, parseRelayId(target.id), signal);
  options.pin(link);
  return link;
}

async function fetchPeers(url: URL, options: JoinOptions, signal: AbortSignal): Promise<Peer[]> {
  const peers: Peer[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES; page++) {
    const target = new URL('/peers', url);
    if (cursor !== null) target.searchParams.set('cursor', cursor);
    const answer: PeersPage = await fetchJson(PeersPage, target, options, signal);
    peers.push(...answer.peers);
    cursor = answer.next;
    if (cursor === null) break;
  }
  return peers;
}

function fetchJson<T extends TSchema>(
  schema: T,
  url: URL,
  { clock, fetch }: JoinOptions,
  signal: AbortSignal,
): Promise<Static<T>> {
  return withDeadline(clock, REQUEST_TIMEOUT_MS, 'The relay’s answer', signal, async (deadline) =>
    parseJsonWith(schema, await fetchText(url, fetch, deadline), 'The answer of the relay to join'),
  );
}

async function fetchText(url: URL, fetch: JoinFetch, signal: AbortSignal): Promise<string> {
  const response = await fetch(url.href, { signal, redirect: 'error' }).catch((cause: unknown) => {
    // Of another swarm, for one.
    if (cause instanceof AppError) throw cause;
    throw new AppError('UNAVAILABLE', 'The relay to join cannot be reached.', { cause });
  });
  if (response.status === 401) {
    await response.body?.cancel();
    throw new AppError('FORBIDDEN', 'The relay to join is of a private swarm.');
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new AppError('UNAVAILABLE', `The relay to join answers with status ${response.status}.`);
  }
  return readText(response.body);
}

async function readText(body: ReadableStream<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of body) {
    sizeBytes += part.length;
    if (sizeBytes > MAX_JSON_ANSWER_BYTES)
      throw new AppError('TOO_LARGE', 'The relay to join sends too much.');
    parts.push(part);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

async function closed(link: Link, signal: AbortSignal): Promise<void> {
  const ended = AbortSignal.any([link.closed, signal]);
  if (ended.aborted) return;
  const end = Promise.withResolvers<undefined>();
  ended.addEventListener('abort', () => end.resolve(undefined), { once: true });
  await end.promise;
}
