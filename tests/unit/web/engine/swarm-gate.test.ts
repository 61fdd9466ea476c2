import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newSwarmKeyText } from '../../../../shared/protocol/swarm-key.ts';
import { createRelaySwarm } from '../../../../shared/engine/relay-client.ts';
import { MemorySwarmKey } from '../../../../web/engine/memory-stores.ts';
import { SwarmGate } from '../../../../web/engine/swarm-gate.ts';
import { SwarmKeyKeeper } from '../../../../web/engine/swarm-key-keeper.ts';
import type { SwarmKeyChange, SwarmKeyNews } from '../../../../web/engine/swarm-key-news.ts';
import { ORIGIN, PrivateRelay } from './private-relay.ts';

/** What one tab tells, all others hear. */
class News {
  readonly #tabs = new Set<(change: SwarmKeyChange) => void>();

  tab(): SwarmKeyNews {
    const own = new Set<(change: SwarmKeyChange) => void>();
    return {
      tell: (change) => {
        for (const hear of [...this.#tabs]) if (!own.has(hear)) hear(change);
      },
      listen: (callback) => {
        own.add(callback);
        this.#tabs.add(callback);
        return () => void this.#tabs.delete(callback);
      },
    };
  }

  get listeners(): number {
    return this.#tabs.size;
  }
}

let relay: PrivateRelay;
let store: MemorySwarmKey;
let news: News;
let ends: (() => void)[];

beforeEach(() => {
  relay = new PrivateRelay();
  store = new MemorySwarmKey();
  news = new News();
  ends = [];
});
afterEach(() => {
  for (const end of ends) end();
  expect(news.listeners).toBe(0);
});

function tab(): { gate: SwarmGate; keeper: SwarmKeyKeeper } {
  const own = news.tab();
  const gate = new SwarmGate({ fetch: relay.fetch, loadKey: () => store.load(), news: own });
  const keeper = new SwarmKeyKeeper({ origin: ORIGIN, gate, store, news: own });
  ends.push(() => {
    keeper.dispose();
    gate.dispose();
  });
  return { gate, keeper };
}

const never = new AbortController().signal;
const ask = (gate: SwarmGate): Promise<Response> => gate.fetch(`${ORIGIN}/peers`, {});

describe('a swarm’s gate', () => {
  it('is never locked where the swarm is public', async () => {
    relay.keyText = null;
    const { gate } = tab();
    await ask(gate);
    expect(gate.lock).toBeNull();
    await gate.whenOpen(never);
    expect(relay.log).toEqual(['GET /peers']);
  });

  it('asks for a key, takes the right one, and lets go what waited', async () => {
    const { gate, keeper } = tab();
    expect((await ask(gate)).status).toBe(401);
    expect(keeper.access).toEqual({ lock: 'needs-key', hasKey: false });
    const waiting = gate.whenOpen(never);
    await keeper.unlock(relay.keyText ?? '');
    await waiting;
    expect(keeper.access).toEqual({ lock: null, hasKey: true });
    expect((await ask(gate)).status).toBe(200);
  });

  it('keeps no key that is none or another swarm’s, and stays locked', async () => {
    const { gate, keeper } = tab();
    await ask(gate);
    await expect(keeper.unlock('hunter2')).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(keeper.unlock(newSwarmKeyText())).rejects.toMatchObject({ code: 'FORBIDDEN' });
    relay.before = () => {
      throw new TypeError('Failed to fetch');
    };
    await expect(keeper.unlock(relay.keyText ?? '')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await store.load()).toBeNull();
    expect(keeper.access).toEqual({ lock: 'needs-key', hasKey: false });
  });

  it('a key that was changed locks it again, until the new one is given', async () => {
    const { gate, keeper } = tab();
    await keeper.unlock(relay.keyText ?? '');
    relay.keyText = newSwarmKeyText();
    relay.endSessions();
    await expect(ask(gate)).rejects.toMatchObject({ code: 'NO_SESSION' });
    expect(keeper.access).toEqual({ lock: 'key-refused', hasKey: true });
    expect(gate.locks).toBe(1);
    await keeper.unlock(relay.keyText);
    expect((await ask(gate)).status).toBe(200);
  });

  it('the engine’s swarm says so, rather than that no relay answers', async () => {
    const { gate, keeper } = tab();
    const swarm = createRelaySwarm({ baseUrls: [ORIGIN], fetch: gate.fetch });
    await expect(swarm.members(never)).rejects.toMatchObject({ code: 'NO_SESSION' });
    await keeper.unlock(relay.keyText ?? '');
    relay.keyText = newSwarmKeyText();
    relay.endSessions();
    await expect(swarm.members(never)).rejects.toMatchObject({ code: 'NO_SESSION' });
  });

  it('opens by itself when the relay takes the key again', async () => {
    const { gate, keeper } = tab();
    await keeper.unlock(relay.keyText ?? '');
    const right = relay.keyText;
    relay.keyText = newSwarmKeyText();
    relay.endSessions();
    await expect(ask(gate)).rejects.toMatchObject({ code: 'NO_SESSION' });
    const waiting = gate.whenOpen(never);
    relay.keyText = right;
    await ask(gate);
    await waiting;
  });

  it('hears what another tab does with the key', async () => {
    const [one, other] = [tab(), tab()];
    await Promise.all([ask(one.gate), ask(other.gate)]);
    const waiting = other.gate.whenOpen(never);
    await one.keeper.unlock(relay.keyText ?? '');
    await waiting;
    expect((await ask(other.gate)).status).toBe(200);
    expect(other.keeper.access).toEqual({ lock: null, hasKey: true });
    await other.keeper.forget();
    expect(one.keeper.access).toEqual({ lock: 'needs-key', hasKey: false });
    // Its session would have lasted an hour.
    expect((await ask(one.gate)).status).toBe(401);
  });

  it('an answer to a request from before the key was forgotten does not open it', async () => {
    const { gate, keeper } = tab();
    await keeper.unlock(relay.keyText ?? '');
    let go = (): void => undefined;
    relay.before = () => new Promise((resolve) => (go = resolve));
    const late = ask(gate);
    await keeper.forget();
    go();
    expect((await late).status).toBe(200);
    expect(gate.lock).toBe('needs-key');
  });

  it('who waits can give up', async () => {
    const { gate } = tab();
    await ask(gate);
    const impatient = new AbortController();
    const waiting = gate.whenOpen(impatient.signal);
    impatient.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
