import { describe, expect, it } from 'vitest';
import { ByteBudget } from '../../../../relay/p2p/byte-budget.ts';
import { withDeadline } from '../../../../relay/services/deadline.ts';
import { SendTurns } from '../../../../relay/p2p/send-turns.ts';
import { Slots } from '../../../../relay/p2p/slots.ts';
import { VirtualClock, settled } from './virtual-clock.ts';

const never = new AbortController().signal;

describe('turns to write', () => {
  it('go round among those who wait, one frame each', async () => {
    let room = 0;
    const order: string[] = [];
    const turns = new SendTurns(() => room > 0);
    const write = async (name: string): Promise<void> => {
      for (let frame = 0; frame < 3; frame++) {
        await turns.wait(never);
        room--;
        order.push(name);
        turns.next();
      }
    };
    const writers = [write('a'), write('b'), write('c')];
    while (order.length < 9) {
      room = 1;
      turns.next();
      await settled();
    }
    await Promise.all(writers);
    expect(order.join('')).toBe('abcabcabc');
  });

  it('pass on when the one whose turn it is gives up', async () => {
    let room = false;
    const turns = new SendTurns(() => room);
    const quitter = new AbortController();
    const first = turns.wait(quitter.signal);
    const second = turns.wait(never);
    room = true;
    turns.next();
    quitter.abort();
    // Whichever it was, the turn that `next` gave is not lost.
    await first.catch(() => undefined);
    turns.next();
    await second;
  });

  it('are not given to one who has given up already, though there is room', async () => {
    const turns = new SendTurns(() => true);
    await expect(turns.wait(AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('do not keep one who has given up in the queue', async () => {
    let room = false;
    const turns = new SendTurns(() => room);
    const quitter = new AbortController();
    const first = turns.wait(quitter.signal);
    const second = turns.wait(never);
    quitter.abort();
    await expect(first).rejects.toMatchObject({ code: 'ABORTED' });
    room = true;
    turns.next();
    await second;
  });
});

describe('slots', () => {
  it('are at most as many as said, given on in order', async () => {
    const slots = new Slots(2);
    const releases = [await slots.acquire(never), await slots.acquire(never)];
    const order: number[] = [];
    const third = slots.acquire(never).then((release) => (order.push(3), release));
    const fourth = slots.acquire(never).then((release) => (order.push(4), release));
    await settled();
    expect(order).toEqual([]);
    releases[0]?.();
    await settled();
    expect(order).toEqual([3]);
    (await third)();
    (await fourth)();
    releases[1]?.();
    expect(slots.taken).toBe(0);
  });

  it('are not lost by a waiter that gives up', async () => {
    const slots = new Slots(1);
    const release = await slots.acquire(never);
    const quitter = new AbortController();
    const waiting = slots.acquire(quitter.signal);
    quitter.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    release();
    expect(slots.taken).toBe(0);
    (await slots.acquire(never))();
  });
});

describe('byte budget', () => {
  it('is never exceeded', () => {
    const budget = new ByteBudget(10);
    expect([budget.tryReserve(6), budget.tryReserve(5), budget.tryReserve(4)]).toEqual([true, false, true]);
    budget.release(6);
    expect(budget.usedBytes).toBe(4);
    expect(budget.tryReserve(6)).toBe(true);
  });
});

describe('deadline', () => {
  it('ends work that does not listen', async () => {
    const clock = new VirtualClock();
    const work = withDeadline(clock, 1000, 'It', never, () => new Promise<never>(() => undefined));
    const ended = expect(work).rejects.toMatchObject({ code: 'TIMEOUT' });
    await clock.advance(999);
    await clock.advance(1);
    await ended;
  });

  it('gives what the work gives, and passes the caller’s abort on', async () => {
    const clock = new VirtualClock();
    expect(await withDeadline(clock, 1000, 'It', never, () => Promise.resolve(5))).toBe(5);
    const caller = new AbortController();
    const work = withDeadline(clock, 1000, 'It', caller.signal, () => new Promise<never>(() => undefined));
    caller.abort();
    await expect(work).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
