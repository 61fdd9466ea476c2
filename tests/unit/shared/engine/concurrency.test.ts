import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { systemClock } from '../../../../shared/engine/clock.ts';
import {
  Semaphore,
  TaskGroup,
  forkAbort,
  untilAborted,
  withDeadline,
} from '../../../../shared/engine/concurrency.ts';
import { JournalWriter } from '../../../../shared/engine/journal-writer.ts';
import { Latencies } from '../../../../shared/engine/latencies.ts';
import type { JournalEntry } from '../../../../shared/engine/ports.ts';
import { backoffMs } from '../../../../shared/engine/retry.ts';
import {
  BACKOFF_FIRST_MS,
  BACKOFF_MAX_MS,
  HEDGE_INITIAL_MS,
  HEDGE_MAX_MS,
  HEDGE_MIN_MS,
} from '../../../../shared/limits.ts';
import { MemoryJournal, MemorySource, pseudoRandom } from './fakes.ts';
import { never } from './upload-bench.ts';
import { VirtualClock } from './virtual-clock.ts';

const forever = new Promise<never>(() => undefined);

describe('withDeadline', () => {
  it('aborts the work’s own signal and throws TIMEOUT', async () => {
    const clock = new VirtualClock();
    let inner: AbortSignal | undefined;
    const work = withDeadline({ clock, timeoutMs: 2000, what: 'The work', signal: never() }, (signal) => {
      inner = signal;
      return forever;
    });
    await expect(clock.run(work)).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: 'The work took longer than 2 s.',
    });
    expect(inner?.aborted).toBe(true);
    expect(clock.now()).toBe(2000);
  });

  it('leaves no timer behind', async () => {
    const clock = new VirtualClock();
    const options = { clock, timeoutMs: 2000, what: 'The work', signal: never() };
    expect(await withDeadline(options, () => Promise.resolve(7))).toBe(7);
    await expect(withDeadline(options, () => Promise.reject(new AppError('IO', 'x')))).rejects.toThrow('x');
    expect(clock.pending).toBe(0);
  });
});

describe('untilAborted', () => {
  it('does not wait for work that ignores the signal', async () => {
    const controller = new AbortController();
    const waiting = untilAborted(controller.signal, forever);
    controller.abort(new AppError('TIMEOUT', 'mine'));
    await expect(waiting).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(untilAborted(controller.signal, Promise.resolve(1))).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
  });
});

it('forkAbort follows its parent, and not the other way', () => {
  const parent = new AbortController();
  const child = forkAbort(parent.signal);
  const sibling = forkAbort(parent.signal);
  child.abort();
  expect([child.signal.aborted, sibling.signal.aborted, parent.signal.aborted]).toEqual([true, false, false]);
  parent.abort();
  expect(sibling.signal.aborted).toBe(true);
  expect(forkAbort(parent.signal).signal.aborted).toBe(true);
});

describe('Semaphore', () => {
  it('admits in order, and a place released twice is one place', async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.acquire(never());
    const order: number[] = [];
    const second = semaphore.acquire(never()).then((free) => (order.push(2), free));
    const third = semaphore.acquire(never()).then((free) => (order.push(3), free));
    release();
    release();
    const freeSecond = await second;
    await Promise.resolve();
    expect(order).toEqual([2]);
    freeSecond();
    (await third)();
    expect(order).toEqual([2, 3]);
  });

  it('loses no place to a waiter that is aborted in the moment of its turn', async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.acquire(never());
    const controller = new AbortController();
    const waiting = semaphore.acquire(controller.signal);
    controller.abort();
    release();
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    (await semaphore.acquire(never()))();
  });
});

describe('TaskGroup', () => {
  it('throws the first failure once all tasks have ended', async () => {
    const group = new TaskGroup(never());
    const ended: string[] = [];
    group.run(async (signal) => {
      await untilAborted(signal, forever).catch(() => undefined);
      ended.push('first');
      throw new AppError('IO', 'later');
    });
    group.run(async () => {
      await Promise.resolve();
      throw new AppError('CORRUPT', 'the reason');
    });
    await expect(group.join()).rejects.toMatchObject({ message: 'the reason' });
    expect(ended).toEqual(['first']);
  });
});

describe('JournalWriter', () => {
  it('keeps the order, and fails those alone whose write failed', async () => {
    const journal = new MemoryJournal(new MemorySource(pseudoRandom(10)));
    journal.beforeAppend = () => {
      if (journal.appends === 2) throw new AppError('IO', 'Disk full.');
    };
    const writer = new JournalWriter(journal);
    const entry = (index: number): JournalEntry => ({ kind: 'stored', index, holders: [] });
    const first = writer.append(entry(0), entry(1));
    await first;
    const second = writer.append(entry(2));
    await expect(second).rejects.toMatchObject({ code: 'IO' });
    await writer.append(entry(3));
    expect(journal.of('stored').map(({ index }) => index)).toEqual([0, 1, 3]);
  });
});

it('backoff grows to its bound and never marches in step', () => {
  expect(backoffMs(0, () => 0)).toBe(BACKOFF_FIRST_MS / 2);
  expect(backoffMs(0, () => 1)).toBe(BACKOFF_FIRST_MS);
  expect(backoffMs(50, () => 1)).toBe(BACKOFF_MAX_MS);
});

it('the hedge delay is the 95th percentile, within its bounds', () => {
  const latencies = new Latencies();
  expect(latencies.hedgeDelayMs()).toBe(HEDGE_INITIAL_MS);
  latencies.add(1);
  expect(latencies.hedgeDelayMs()).toBe(HEDGE_MIN_MS);
  for (let ms = 101; ms <= 164; ms++) latencies.add(ms);
  expect(latencies.hedgeDelayMs()).toBe(161);
  for (let i = 0; i < 64; i++) latencies.add(60_000);
  expect(latencies.hedgeDelayMs()).toBe(HEDGE_MAX_MS);
});

it('the system clock ends its sleep with the signal', async () => {
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort();
  await expect(sleeping).rejects.toMatchObject({ code: 'ABORTED' });
  await expect(systemClock.sleep(0, controller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
  await systemClock.sleep(0, never());
});
