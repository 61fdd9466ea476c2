import { fromHex, toHex } from '../../../../shared/bytes.ts';
import {
  isSwarmProof,
  newSwarmKeyText,
  parseSwarmKey,
  swarmProof,
} from '../../../../shared/protocol/swarm-key.ts';
import type { SwarmKey } from '../../../../shared/protocol/swarm-key.ts';
import { SESSION_HEADER, sessionContext } from '../../../../shared/protocol/swarm-session.ts';

export const ORIGIN = 'http://relay.local:8000';

/** A relay as `fetch` sees it, with sessions as the real one has them, and a record of what it was asked. */
export class PrivateRelay {
  /** The content of its key file; null: the swarm is public. */
  keyText: string | null = newSwarmKeyText();
  /** `METHOD path` of each request, with ` +` where it bore a session. */
  readonly log: string[] = [];
  /** Before each answer. */
  before: (path: string, signal: AbortSignal | null) => Promise<void> | void = () => undefined;
  #sessions = 0;
  #valid = new Set<string>();

  /** As a restart does. */
  endSessions(): void {
    this.#valid.clear();
  }

  requests(path: string): string[] {
    return this.log.filter((line) => line.includes(` ${path}`));
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname } = new URL(url);
    const token = new Headers(init.headers).get(SESSION_HEADER);
    this.log.push(`${init.method ?? 'GET'} ${pathname}${token === null ? '' : ' +'}`);
    await this.before(pathname, init.signal ?? null);
    const key = this.keyText === null ? null : parseSwarmKey(this.keyText);
    if (pathname === '/session') return key === null ? refusal(404) : this.#session(key, init);
    const isIn = key === null || (token !== null && this.#valid.has(token));
    return isIn ? Response.json({ path: pathname }) : refusal(401);
  };

  #session(key: SwarmKey, init: RequestInit): Response {
    if (init.method !== 'POST') return Response.json({ challenge: '07'.repeat(56) });
    const body = typeof init.body === 'string' ? init.body : '';
    const { challenge, nonce, proof } = JSON.parse(body) as Record<'challenge' | 'nonce' | 'proof', string>;
    const context = sessionContext(challenge, nonce);
    if (!isSwarmProof(key.client, 'client', context, fromHex(proof))) return refusal(403);
    const token = `session${String(++this.#sessions)}`;
    this.#valid.add(token);
    const answer = toHex(swarmProof(key.client, 'relay', context));
    return Response.json({ token, expires_in_seconds: 3600, proof: answer });
  }
}

function refusal(status: number): Response {
  const code = status === 401 ? 'NO_SESSION' : status === 403 ? 'FORBIDDEN' : 'NOT_FOUND';
  return Response.json({ error: { code, message: 'No.' } }, { status });
}
