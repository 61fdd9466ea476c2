/**
 * How a client shows a private swarm's relay that it has the swarm key, without sending it: it asks for a challenge, proves
 * itself over that and a nonce of its own, and gets a token for an hour. The relay proves itself in the same answer, so that a
 * client does not talk to one outside the swarm.
 */
import * as Type from 'typebox';
import { concatBytes, fromHex, toHex } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { randomBytes } from '../crypto/random.ts';
import { AppError, abortError } from '../errors.ts';
import { MAX_ERROR_ANSWER_BYTES, NONCE_BYTES } from '../limits.ts';
import { Hex, SafeInteger, parseJsonWith } from './schemas.ts';
import { isSwarmProof, swarmProof } from './swarm-key.ts';
import type { SwarmKey } from './swarm-key.ts';

/** Random (16) ‖ expiry (8) ‖ MAC (32): the relay keeps nothing. */
export const CHALLENGE_BYTES = 56;

export const SESSION_HEADER = 'x-swarm-session';

export const SessionChallenge = Type.Object({ challenge: Hex(CHALLENGE_BYTES) });
export const SessionRequest = Type.Object({
  challenge: Hex(CHALLENGE_BYTES),
  nonce: Hex(NONCE_BYTES),
  proof: Hex(32),
});
export const Session = Type.Object({
  token: Type.String({ minLength: 1, maxLength: 256, pattern: '^[A-Za-z0-9]+$' }),
  expires_in_seconds: SafeInteger,
  /** The relay's. */
  proof: Hex(32),
});
export const SessionTicket = Type.Object({
  ticket: Type.String({ maxLength: 256, pattern: '^[A-Za-z0-9]+$' }),
});

export const sessionRoutes = {
  sessionChallenge: {
    method: 'GET',
    path: '/session',
    response: SessionChallenge,
    summary: 'Private swarm: a challenge to prove the swarm key over',
  },
  openSession: {
    method: 'POST',
    path: '/session',
    body: SessionRequest,
    response: Session,
    summary: 'Private swarm: a token for an hour, for whoever has the swarm key',
  },
  sessionTicket: {
    method: 'POST',
    path: '/session/ticket',
    response: SessionTicket,
    summary: 'Private swarm: a ticket that opens /events within a minute, since a WebSocket takes no headers',
  },
} as const;

/** What both proofs of a session are over. */
export function sessionContext(challengeHex: string, nonceHex: string): Bytes {
  return concatBytes(fromHex(challengeHex), fromHex(nonceHex));
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a client needs of the swarm key. */
export type ClientKey = Pick<SwarmKey, 'client'>;

/** A `fetch` for relays of a private swarm: opens a session with each origin before it sends anything else, and again when that has ended. */
export function withSwarmSession(fetch: Fetch, key: SwarmKey): Fetch {
  const sessions = new SwarmSessions(fetch, () => Promise.resolve(key), { opensAhead: true });
  return (url, init) => sessions.fetch(url, init);
}

/** One session being opened, and how many requests wait for it. */
interface Opening {
  readonly token: Promise<string>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Sessions with relays, one per origin, shared by all requests to it. Unless it `opensAhead`, a request goes out as it is
 * until a relay answers 401: a public swarm costs nothing more.
 */
export class SwarmSessions {
  readonly #fetch: Fetch;
  readonly #keyOf: () => Promise<ClientKey | null>;
  readonly #opensAhead: boolean;
  #openings = new Map<string, Opening>();

  /** `keyOf` is asked for each session; null: there is no key, and answers of 401 are the caller's to see. */
  constructor(
    fetch: Fetch,
    keyOf: () => Promise<ClientKey | null>,
    { opensAhead = false }: { readonly opensAhead?: boolean } = {},
  ) {
    this.#fetch = fetch;
    this.#keyOf = keyOf;
    this.#opensAhead = opensAhead;
  }

  /** Throws `FORBIDDEN` for a relay that does not take the key or does not have it, `UNAVAILABLE`, and what `fetch` and `keyOf` throw. */
  async fetch(url: string, init: RequestInit): Promise<Response> {
    const { origin } = new URL(url);
    const signal = init.signal ?? null;
    const used = this.#openings.get(origin) ?? (this.#opensAhead ? await this.#open(origin) : null);
    const response = await this.#send(url, init, used === null ? null : await this.#tokenOf(used, signal));
    if (response.status !== 401) return response;
    if (used !== null) this.#drop(used);
    const next = this.#openings.get(origin) ?? (await this.#open(origin));
    if (next === null) return response;
    try {
      return await this.#send(url, init, await this.#tokenOf(next, signal));
    } finally {
      // Only now: without a session it would have been the answer.
      response.body?.cancel().catch(() => undefined);
    }
  }

  /** Opens a session with this key and keeps it. Throws as `fetch` does; the session before stays then. */
  async tryKey(origin: string, key: ClientKey, signal: AbortSignal | null): Promise<void> {
    const opening = this.#begin(origin, key);
    await this.#tokenOf(opening, signal);
    this.#openings.set(origin, opening);
  }

  /** The next requests begin as the first did: the key has changed. */
  forget(): void {
    this.#openings.clear();
  }

  async #open(origin: string): Promise<Opening | null> {
    const key = await this.#keyOf();
    if (key === null) return null;
    // Somebody else may have begun while the key was looked up.
    const known = this.#openings.get(origin);
    if (known !== undefined) return known;
    const opening = this.#begin(origin, key);
    this.#openings.set(origin, opening);
    return opening;
  }

  #begin(origin: string, key: ClientKey): Opening {
    const abort = new AbortController();
    const token = openSession(this.#fetch, origin, key, abort.signal);
    const opening: Opening = { token, abort, waiting: 0 };
    token.catch(() => this.#drop(opening));
    return opening;
  }

  /**
   * Waits as long as this request may. The opening belongs to all that wait: one that gives up leaves it to the others, and the
   * last one ends it; but nobody new joins an opening that was too slow for somebody.
   */
  async #tokenOf(opening: Opening, signal: AbortSignal | null): Promise<string> {
    opening.waiting++;
    const gaveUp = (): void => this.#drop(opening);
    signal?.addEventListener('abort', gaveUp, { once: true });
    try {
      return await unlessAborted(opening.token, signal);
    } finally {
      signal?.removeEventListener('abort', gaveUp);
      if (--opening.waiting === 0) opening.abort.abort();
    }
  }

  #drop(opening: Opening): void {
    for (const [origin, known] of this.#openings) if (known === opening) this.#openings.delete(origin);
  }

  #send(url: string, init: RequestInit, token: string | null): Promise<Response> {
    if (token === null) return this.#fetch(url, init);
    const headers = new Headers(init.headers);
    headers.set(SESSION_HEADER, token);
    return this.#fetch(url, { ...init, headers });
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | null): Promise<T> {
  if (signal === null) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(abortError(signal));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Throws `FORBIDDEN` for a relay that does not take the key, or does not have it, and `UNAVAILABLE`. */
async function openSession(
  fetch: Fetch,
  origin: string,
  key: ClientKey,
  signal: AbortSignal,
): Promise<string> {
  const { sessionChallenge, openSession: open } = sessionRoutes;
  const { challenge } = await ask(fetch, origin + sessionChallenge.path, SessionChallenge, { signal });
  const nonce = toHex(randomBytes(NONCE_BYTES));
  const context = sessionContext(challenge, nonce);
  const proof = toHex(swarmProof(key.client, 'client', context));
  const session = await ask(fetch, origin + open.path, Session, {
    method: open.method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ challenge, nonce, proof }),
    signal,
  });
  if (!isSwarmProof(key.client, 'relay', context, fromHex(session.proof))) {
    throw new AppError('FORBIDDEN', `The relay at ${origin} is not of this private swarm.`);
  }
  return session.token;
}

async function ask<T extends typeof SessionChallenge | typeof Session>(
  fetch: Fetch,
  url: string,
  schema: T,
  init: RequestInit,
): Promise<Type.Static<T>> {
  const response = await fetch(url, { ...init, redirect: 'error', credentials: 'omit', cache: 'no-store' });
  if (!response.ok || Number(response.headers.get('content-length') ?? 0) > MAX_ERROR_ANSWER_BYTES) {
    await response.body?.cancel();
    const { origin } = new URL(url);
    // What a relay says of the key, or one without sessions; anything else (busy, starting) may pass.
    if (response.status !== 403 && response.status !== 404)
      throw new AppError('UNAVAILABLE', `The relay at ${origin} opens no session now.`);
    throw new AppError(
      'FORBIDDEN',
      `The relay at ${origin} does not take this swarm key: it is of another swarm, or of a public one.`,
    );
  }
  return parseJsonWith(schema, await response.text(), 'The relay’s session');
}
