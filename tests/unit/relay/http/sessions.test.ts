import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SessionTokens } from '../../../../relay/http/session-tokens.ts';
import { SESSION_CHALLENGE_TTL_MS, SESSION_TTL_MS } from '../../../../shared/limits.ts';
import { newSwarmKeyText, parseSwarmKey } from '../../../../shared/protocol/swarm-key.ts';
import { withSwarmSession } from '../../../../shared/protocol/swarm-session.ts';
import { relayRig } from '../relay-rig.ts';
import type { RelayRig } from '../relay-rig.ts';

const ID = 'ab'.repeat(32);
/** Every operation that tells or changes anything. */
const CLOSED = [
  ['GET', '/status'],
  ['GET', '/peers'],
  ['GET', '/metrics'],
  ['GET', '/chunks'],
  ['GET', `/chunk/${ID}`],
  ['HEAD', `/chunk/${ID}`],
  ['PUT', `/chunk/${ID}`],
  ['DELETE', `/chunk/${ID}`],
  ['POST', '/session/ticket'],
] as const;

/** `fetch` without a socket. */
function fetchOf(rig: RelayRig): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const { pathname, search, host } = new URL(url);
    const answer = await rig.server.inject({
      method: (init.method ?? 'GET') as 'GET',
      url: pathname + search,
      headers: { ...Object.fromEntries(new Headers(init.headers)), host },
      ...(typeof init.body === 'string' ? { payload: init.body } : {}),
    });
    return new Response(answer.body, { status: answer.statusCode });
  };
}

describe('a private swarm’s relay', () => {
  it.each(CLOSED)('answers %s %s to nobody without a session', async (method, url) => {
    await using rig = await relayRig({ swarmKey: parseSwarmKey(newSwarmKeyText()) });
    const answer = await rig.server.inject({ method, url });
    expect(answer.statusCode).toBe(401);
  });

  it('shows the app’s shell, and how to trust its HTTPS, to everybody', async () => {
    await using rig = await relayRig({ swarmKey: parseSwarmKey(newSwarmKeyText()) });
    for (const url of ['/', '/trust', '/trust/style.css'])
      expect([url, (await rig.server.inject({ url })).statusCode]).toEqual([url, 200]);
  });

  it('opens a session for whoever has the key, and again when it has ended', async () => {
    const swarmKey = parseSwarmKey(newSwarmKeyText());
    await using rig = await relayRig({ swarmKey });
    const fetch = withSwarmSession(fetchOf(rig), swarmKey);
    const status = async () => (await fetch('http://localhost/status', {})).status;
    expect(await status()).toBe(200);
    rig.clock.advance(SESSION_TTL_MS + 1);
    expect(await status()).toBe(200);
  });

  it('opens none for another key, and a client sends nothing to a relay without its key', async () => {
    await using rig = await relayRig({ swarmKey: parseSwarmKey(newSwarmKeyText()) });
    await using open = await relayRig();
    const stranger = parseSwarmKey(newSwarmKeyText());
    await expect(
      withSwarmSession(fetchOf(rig), stranger)('http://localhost/peers', {}),
    ).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(
      withSwarmSession(fetchOf(open), stranger)('http://localhost/peers', {}),
    ).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('a relay that repeats the client’s proof as its own is not believed', async () => {
    const key = parseSwarmKey(newSwarmKeyText());
    const mirror = (url: string, init: RequestInit): Promise<Response> => {
      const { proof } = JSON.parse(typeof init.body === 'string' ? init.body : '{}') as { proof?: string };
      const answer =
        url.endsWith('/session') && init.method === 'POST'
          ? { token: 'aa', expires_in_seconds: 1, proof }
          : { challenge: '00'.repeat(56) };
      return Promise.resolve(Response.json(answer));
    };
    await expect(withSwarmSession(mirror, key)('http://localhost/peers', {})).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  it('takes no proof over an old challenge', async () => {
    const swarmKey = parseSwarmKey(newSwarmKeyText());
    await using rig = await relayRig({ swarmKey });
    const slow = async (url: string, init: RequestInit): Promise<Response> => {
      if (init.method === 'POST') rig.clock.advance(SESSION_CHALLENGE_TTL_MS + 1);
      return fetchOf(rig)(url, init);
    };
    await expect(withSwarmSession(slow, swarmKey)('http://localhost/peers', {})).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});

describe('tokens', () => {
  it('of one use, process or time are none of another, and made-up ones are none at all', () => {
    const tokens = new SessionTokens(() => 1000);
    const token = tokens.issue('session', 10);
    expect(tokens.isValid('session', token)).toBe(true);
    expect(tokens.isValid('ticket', token)).toBe(false);
    expect(new SessionTokens(() => 1000).isValid('session', token)).toBe(false);
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'0123456789abcdef'.split('')), (at, digit) => {
        const forged = token.slice(0, at) + digit + token.slice(at + 1);
        expect(tokens.isValid('session', forged)).toBe(forged === token);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => !tokens.isValid('session', text)));
  });
});
