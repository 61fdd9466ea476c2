import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../../shared/errors.ts';
import { EVENT_BATCH_MS, MAX_EVENT_BATCH, MAX_EVENT_CHARS } from '../../../../../shared/limits.ts';
import { EventFeed } from '../../../../../web/engine/network/event-feed.ts';
import type { EventBatch } from '../../../../../web/engine/network/network-port.ts';
import { HandClock, settled } from './hand-clock.ts';

const ID = 'ab'.repeat(32);
const LEFT = { type: 'peer-left', at: 1, id: ID } as const;

/** A `WebSocket` at whose other end the test sits. */
class Socket extends EventTarget {
  closed = false;

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.dispatchEvent(new Event('close'));
  }

  open(): void {
    this.dispatchEvent(new Event('open'));
  }

  say(data: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
}

function rig(): {
  clock: HandClock;
  feed: EventFeed;
  sockets: Socket[];
  batches: EventBatch[];
  stop: () => void;
  refuse: (failure: AppError | null) => void;
} {
  const clock = new HandClock();
  const sockets: Socket[] = [];
  let failure: AppError | null = null;
  const feed = new EventFeed({
    clock,
    openSocket: () => {
      if (failure !== null) return Promise.reject(failure);
      const socket = new Socket();
      sockets.push(socket);
      return Promise.resolve(socket);
    },
  });
  const batches: EventBatch[] = [];
  const stop = feed.watch((batch) => batches.push(batch));
  return { clock, feed, sockets, batches, stop, refuse: (error) => (failure = error) };
}

describe('EventFeed', () => {
  it('tells what the page knows by itself, even while no stream is open, and to nobody when nobody watches', async () => {
    const { clock, feed, batches, refuse, stop } = rig();
    refuse(new AppError('UNAVAILABLE', 'No.'));
    await settled();
    feed.add([LEFT]);
    await clock.advance(EVENT_BATCH_MS);
    expect(batches.at(-1)).toEqual({ events: [LEFT], missed: 0, live: false });
    stop();
    const told = batches.length;
    feed.add([LEFT]);
    await clock.advance(EVENT_BATCH_MS);
    expect(batches).toHaveLength(told);
  });

  it('tells events in batches, in order, and whether it is open', async () => {
    const { clock, sockets, batches } = rig();
    await settled();
    sockets[0]?.open();
    const other = { ...LEFT, type: 'peer-suspect' };
    sockets[0]?.say(JSON.stringify(LEFT));
    sockets[0]?.say(JSON.stringify(other));
    await clock.advance(EVENT_BATCH_MS);
    expect(batches).toEqual([
      { events: [], missed: 0, live: false },
      { events: [], missed: 0, live: true },
      { events: [LEFT, other], missed: 0, live: true },
    ]);
  });

  it('passes over what it does not know', async () => {
    const { clock, sockets, batches } = rig();
    await settled();
    const [socket] = sockets;
    socket?.open();
    socket?.say('{');
    socket?.say(new ArrayBuffer(8));
    socket?.say(JSON.stringify({ type: 'of-a-newer-version', at: 1 }));
    socket?.say(JSON.stringify({ ...LEFT, id: 'nobody' }));
    socket?.say(JSON.stringify({ ...LEFT, more: 'x'.repeat(MAX_EVENT_CHARS) }));
    await clock.advance(EVENT_BATCH_MS);
    expect(batches.flatMap(({ events }) => events)).toEqual([]);
  });

  it('counts what exceeds a batch', async () => {
    const { clock, sockets, batches } = rig();
    await settled();
    sockets[0]?.open();
    for (let i = 0; i < MAX_EVENT_BATCH + 3; i++) sockets[0]?.say(JSON.stringify(LEFT));
    await clock.advance(EVENT_BATCH_MS);
    expect(batches.at(-1)).toMatchObject({ missed: 3 });
    expect(batches.at(-1)?.events).toHaveLength(MAX_EVENT_BATCH);
  });

  it('connects again when it breaks, later and later while it does not open', async () => {
    const { clock, sockets, batches, refuse } = rig();
    await settled();
    sockets[0]?.open();
    sockets[0]?.close();
    await settled();
    expect(batches.at(-1)?.live).toBe(false);
    refuse(new AppError('UNAVAILABLE', 'No.'));
    await clock.advance(1000);
    refuse(null);
    await clock.advance(1999);
    expect(sockets).toHaveLength(1);
    await clock.advance(1);
    expect(sockets).toHaveLength(2);
    sockets[1]?.open();
    expect(batches.at(-1)?.live).toBe(true);
  });

  it('ends with the last who watches, and begins again with the next', async () => {
    const { clock, feed, sockets, stop } = rig();
    await settled();
    sockets[0]?.open();
    sockets[0]?.say(JSON.stringify(LEFT));
    stop();
    await settled();
    expect(sockets[0]?.closed).toBe(true);
    expect(clock.sleeping).toBe(0);
    feed.watch(() => undefined);
    await settled();
    expect(sockets).toHaveLength(2);
    feed.dispose();
    await settled();
    expect(sockets[1]?.closed).toBe(true);
    expect(clock.sleeping).toBe(0);
  });
});
