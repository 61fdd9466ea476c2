import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../../shared/errors.ts';
import { NETWORK_PAUSE_MS, NETWORK_POLL_MS } from '../../../../../shared/limits.ts';
import type { Status } from '../../../../../shared/protocol/routes.ts';
import type { Topology } from '../../../../../shared/protocol/topology.ts';
import { EventFeed } from '../../../../../web/engine/network/event-feed.ts';
import type { NetworkView } from '../../../../../web/engine/network/network-port.ts';
import { readTicket } from '../../../../../web/engine/network/page-network.ts';
import { SwarmNetwork } from '../../../../../web/engine/network/swarm-network.ts';
import { HandClock, settled } from './hand-clock.ts';

const [A, B, C] = ['aa', 'bb', 'cc'].map((byte) => byte.repeat(32)) as [string, string, string];
const REPORT = { version: '1', used: 5, chunks: 1, restored: 0 };
const TURN_MS = NETWORK_PAUSE_MS + NETWORK_POLL_MS;

const STATUS: Status = {
  ...{ id: A, api: 'lanvault/1', version: '1', ready: true, uptime_seconds: 1 },
  ...{ capacity: 0, used: 0, chunks: 0, peers: 2, links: 1 },
};
const TOPOLOGY: Topology = {
  relays: [
    { id: A, host: 'h', port: 1, state: 'alive' },
    { id: B, host: 'h', port: 2, state: 'alive', report: REPORT },
  ],
  links: [
    { a: A, b: B, mesh: true },
    { a: B, b: C, mesh: true },
  ],
};

class Page extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';

  turn(state: DocumentVisibilityState): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

class Socket extends EventTarget {
  close(): void {
    this.dispatchEvent(new Event('close'));
  }
}

function rig() {
  const clock = new HandClock();
  const page = new Page();
  const socket = new Socket();
  const state = { asked: 0, failing: false };
  const peer = (id: string, port: number) =>
    ({ id, host: 'h', port, link: 9, capacity: 7, machine: 'm', state: 'alive' }) as const;
  const network = new SwarmNetwork({
    addRelay: () => Promise.reject(new Error('Not used here.')),
    swarm: {
      status: () => Promise.resolve(STATUS),
      peers: () => {
        state.asked++;
        if (state.failing) return Promise.reject(new AppError('UNAVAILABLE', 'No.'));
        return Promise.resolve([peer(A, 1), peer(B, 2)]);
      },
      topology: () => Promise.resolve(TOPOLOGY),
    },
    feed: new EventFeed({ clock, openSocket: () => Promise.resolve(socket) }),
    clock,
    page,
  });
  const views: NetworkView[] = [];
  return {
    clock,
    page,
    socket,
    state,
    network,
    views,
    watch: () => network.watchNetwork((view) => views.push(view)),
  };
}

describe('SwarmNetwork', () => {
  it('puts members, mesh and reports together, without links to relays that are no members', async () => {
    const { network, views, watch } = rig();
    watch();
    await settled();
    const common = { host: 'h', machine: 'm', capacityBytes: 7, state: 'alive' };
    expect(views.at(-1)).toEqual({
      reachable: true,
      snapshot: {
        relays: [
          { ...common, id: A, port: 1, distrusted: false, entry: true, report: null },
          { ...common, id: B, port: 2, distrusted: false, entry: false, report: REPORT },
        ],
        links: [{ a: A, b: B, mesh: true }],
      },
    });
    network.dispose();
  });

  it('asks while somebody watches a visible page, and leaves no timer behind', async () => {
    const { clock, page, state, network, watch } = rig();
    await clock.advance(10 * TURN_MS);
    expect(state.asked).toBe(0);
    const stop = watch();
    await clock.advance(2 * TURN_MS);
    expect(state.asked).toBe(3);
    page.turn('hidden');
    await clock.advance(10 * TURN_MS);
    expect(state.asked).toBe(3);
    page.turn('visible');
    await settled();
    expect(state.asked).toBe(4);
    stop();
    stop();
    await clock.advance(10 * TURN_MS);
    expect(state.asked).toBe(4);
    expect(clock.sleeping).toBe(0);
    network.dispose();
  });

  it('asks at once when the mesh changes, but not more often than it may', async () => {
    const { clock, socket, state, network, watch } = rig();
    watch();
    await settled();
    const say = (type: string): boolean =>
      socket.dispatchEvent(new MessageEvent('message', { data: JSON.stringify({ type, at: 1, id: B }) }));
    say('repair-dropped');
    await clock.advance(2 * NETWORK_PAUSE_MS);
    expect(state.asked).toBe(1);
    for (let i = 0; i < 20; i++) {
      say('mesh-unlinked');
      await clock.advance(NETWORK_PAUSE_MS / 10);
    }
    expect(state.asked).toBeGreaterThan(1);
    expect(state.asked).toBeLessThanOrEqual(5);
    network.dispose();
  });

  it('keeps the last picture while nobody answers', async () => {
    const { clock, state, network, views, watch } = rig();
    watch();
    await settled();
    state.failing = true;
    await clock.advance(TURN_MS);
    expect(views.at(-1)).toMatchObject({ reachable: false, snapshot: { links: [{ a: A }] } });
    state.failing = false;
    await clock.advance(TURN_MS);
    expect(views.at(-1)?.reachable).toBe(true);
    network.dispose();
  });
});

describe('a ticket', () => {
  const { signal } = new AbortController();
  const ask = (answer: () => Promise<Response>): Promise<string | null> =>
    readTicket('http://relay.local', { fetch: answer }, signal);

  it('is what the relay gives, and none on a public swarm', async () => {
    expect(await ask(() => Promise.resolve(Response.json({ ticket: 'abc' })))).toBe('abc');
    expect(await ask(() => Promise.resolve(new Response('', { status: 404 })))).toBeNull();
  });

  it.each([
    ['refused', () => Promise.resolve(new Response('', { status: 401 })), 'UNAVAILABLE'],
    ['no answer', () => Promise.reject(new TypeError('failed')), 'UNAVAILABLE'],
    ['no JSON', () => Promise.resolve(new Response('<html>')), 'UNAVAILABLE'],
    ['no ticket', () => Promise.resolve(Response.json({ ticket: '../?' })), 'BAD_INPUT'],
  ])('%s is an error', async (_what, answer, code) => {
    await expect(ask(answer)).rejects.toMatchObject({ code });
  });
});
