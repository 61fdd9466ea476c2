/**
 * How a client shows a private swarm's relay that it has the swarm key, without sending it: it asks for a challenge, proves
 * itself over that and a nonce of its own, and gets a token for an hour. The relay proves itself in the same answer, so that a
 * client does not talk to one outside the swarm.
 */
import Type from 'typebox';
import { concatBytes, fromHex, toHex } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { randomBytes } from '../crypto/random.ts';
import { AppError } from '../errors.ts';
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

/** A `fetch` for relays of a private swarm: opens a session with each origin when it needs one, and again when that has ended. */
export function withSwarmSession(fetch: Fetch, key: SwarmKey): Fetch {
  const tokens = new Map<string, Promise<string>>();
  const tokenFor = (origin: string, signal: AbortSignal | null | undefined): Promise<string> => {
    const known = tokens.get(origin);
    if (known !== undefined) return known;
    const opening = openSession(fetch, origin, key, signal ?? null);
    tokens.set(origin, opening);
    opening.catch(() => tokens.delete(origin));
    return opening;
  };
  return async (url, init) => {
    const { origin } = new URL(url);
    const send = async (token: string): Promise<Response> => {
      const headers = new Headers(init.headers);
      headers.set(SESSION_HEADER, token);
      return fetch(url, { ...init, headers });
    };
    const first = tokenFor(origin, init.signal);
    const response = await send(await first);
    if (response.status !== 401) return response;
    await response.body?.cancel();
    if (tokens.get(origin) === first) tokens.delete(origin);
    return send(await tokenFor(origin, init.signal));
  };
}

/** Throws `FORBIDDEN` for a relay that does not have the key, and `UNAVAILABLE`. */
async function openSession(
  fetch: Fetch,
  origin: string,
  key: SwarmKey,
  signal: AbortSignal | null,
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
    if (response.status >= 500)
      throw new AppError('UNAVAILABLE', `The relay at ${origin} opens no session now.`);
    throw new AppError(
      'FORBIDDEN',
      `The relay at ${origin} does not take this swarm key: it is of another swarm, or of a public one.`,
    );
  }
  return parseJsonWith(schema, await response.text(), 'The relay’s session');
}
