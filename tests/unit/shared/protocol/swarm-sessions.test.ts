import { beforeEach, describe, expect, it } from 'vitest';
import { abortError } from '../../../../shared/errors.ts';
import { newSwarmKeyText, parseSwarmKey } from '../../../../shared/protocol/swarm-key.ts';
import { SwarmSessions } from '../../../../shared/protocol/swarm-session.ts';
import type { ClientKey } from '../../../../shared/protocol/swarm-session.ts';
import { ORIGIN, PrivateRelay } from '../../web/engine/private-relay.ts';

let relay: PrivateRelay;
let key: ClientKey | null;
let asked: number;
let sessions: SwarmSessions;

beforeEach(() => {
  relay = new PrivateRelay();
  key = parseSwarmKey(relay.keyText ?? '');
  asked = 0;
  sessions = new SwarmSessions(relay.fetch, () => {
    asked++;
    return Promise.resolve(key);
  });
});

const get = (path: string, init: RequestInit = {}): Promise<Response> => sessions.fetch(ORIGIN + path, init);

/** Holds back the answers to one path. */
function holdBack(path: string): { reached: Promise<void>; go: () => void } {
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  const reached = new Promise<void>((resolve) => {
    relay.before = (asked, signal) => {
      if (asked !== path) return;
      resolve();
      return new Promise((done, reject) => {
        void held.then(done);
        signal?.addEventListener('abort', () => reject(abortError(signal)));
      });
    };
  });
  return { reached, go };
}

describe('sessions on demand', () => {
  it('cost a public swarm nothing, and nobody asks for a key', async () => {
    relay.keyText = null;
    expect((await get('/peers')).status).toBe(200);
    expect((await get('/peers')).status).toBe(200);
    expect(relay.log).toEqual(['GET /peers', 'GET /peers']);
    expect(asked).toBe(0);
  });

  it('are opened at the first 401 and kept', async () => {
    expect(await (await get('/peers')).json()).toEqual({ path: '/peers' });
    await get('/status');
    expect(relay.log).toEqual([
      'GET /peers',
      'GET /session',
      'POST /session',
      'GET /peers +',
      'GET /status +',
    ]);
  });

  it('are shared by requests that need one at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => get(`/chunk/${String(i)}`)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(relay.requests('/session')).toHaveLength(2);
    relay.endSessions();
    const again = await Promise.all(Array.from({ length: 20 }, (_, i) => get(`/chunk/${String(i)}`)));
    expect(again.every(({ ok }) => ok)).toBe(true);
    expect(relay.requests('/session')).toHaveLength(4);
  });

  it('send a body again as it was', async () => {
    const bodies: unknown[] = [];
    const inner = new SwarmSessions(
      (url, init) => {
        if (url.endsWith('/chunk/1')) bodies.push(init.body);
        return relay.fetch(url, init);
      },
      () => Promise.resolve(key),
    );
    const body = new Blob(['bytes']);
    const headers = { 'x-replicate-to': 'a' };
    expect((await inner.fetch(`${ORIGIN}/chunk/1`, { method: 'PUT', body, headers })).status).toBe(200);
    expect(bodies).toEqual([body, body]);
  });

  it('are of one origin each', async () => {
    await get('/peers');
    const other = new PrivateRelay();
    const both = new SwarmSessions(
      (url, init) => (url.startsWith(ORIGIN) ? relay : other).fetch(url, init),
      () => Promise.resolve(key),
    );
    await both.fetch(`${ORIGIN}/peers`, {});
    // The key is not the other one's: it sees no token of this one.
    await expect(both.fetch('http://other.local/peers', {})).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(other.log.filter((line) => line.endsWith('+'))).toEqual([]);
  });

  it('without a key hand on the refusal, whole', async () => {
    key = null;
    const answer = await get('/peers');
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: { code: 'NO_SESSION' } });
    expect(relay.requests('/session')).toEqual([]);
  });

  it('refuse a key of another swarm, and take the right one after that', async () => {
    key = parseSwarmKey(newSwarmKeyText());
    await expect(get('/peers')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    key = parseSwarmKey(relay.keyText ?? '');
    expect((await get('/peers')).status).toBe(200);
  });

  it('end in one more 401 at a relay that never has enough of them', async () => {
    relay.before = (path) => {
      if (path === '/peers') relay.endSessions();
    };
    expect((await get('/peers')).status).toBe(401);
    expect(relay.requests('/peers')).toHaveLength(2);
  });

  it('call a busy relay busy, not the key wrong', async () => {
    const busy = new SwarmSessions(
      (url, init) =>
        url.endsWith('/session')
          ? Promise.resolve(new Response(null, { status: 429 }))
          : relay.fetch(url, init),
      () => Promise.resolve(key),
    );
    await expect(busy.fetch(`${ORIGIN}/peers`, {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('one request that gives up leaves the others their session; the last one ends the opening', async () => {
    const { reached, go } = holdBack('/session');
    const impatient = new AbortController();
    const first = get('/peers', { signal: impatient.signal });
    const second = get('/status');
    await reached;
    impatient.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    go();
    expect((await second).status).toBe(200);
  });

  it('nobody waits for a relay that opens none', async () => {
    const { reached } = holdBack('/session');
    const impatient = new AbortController();
    const first = get('/peers', { signal: impatient.signal });
    await reached;
    impatient.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    // The relay works again: the next request is not stuck behind the old opening.
    relay.before = () => undefined;
    expect((await get('/peers')).status).toBe(200);
  });

  it('a key that is tried does not disturb the session that there is', async () => {
    await get('/peers');
    const wrong = parseSwarmKey(newSwarmKeyText());
    await expect(sessions.tryKey(ORIGIN, wrong, null)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    relay.log.length = 0;
    await get('/peers');
    expect(relay.log).toEqual(['GET /peers +']);
    sessions.forget();
    key = null;
    expect((await get('/peers')).status).toBe(401);
  });
});
