import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Watchers } from '../../../../web/engine/watchers.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

describe('Watchers', () => {
  it('calls at once, on each change, and not after the end', () => {
    let value = 1;
    const watchers = new Watchers(() => value);
    const seen: number[] = [];
    const stop = watchers.watch((now) => seen.push(now));
    value = 2;
    watchers.changed();
    stop();
    value = 3;
    watchers.changed();
    expect(seen).toEqual([1, 2]);
  });

  it('calls at most once per interval, with the last value', () => {
    let value = 0;
    const watchers = new Watchers(() => value, 100);
    const seen: number[] = [];
    watchers.watch((now) => seen.push(now));
    for (let ms = 0; ms < 1000; ms++) {
      value = ms;
      watchers.changed();
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(100);
    expect(seen.length).toBeLessThanOrEqual(12);
    expect(seen.length).toBeGreaterThanOrEqual(10);
    expect(seen.at(-1)).toBe(999);
  });

  it('leaves no timer behind', () => {
    const watchers = new Watchers(() => 0, 100);
    watchers.watch(() => undefined);
    watchers.changed();
    watchers.changed();
    expect(vi.getTimerCount()).toBe(1);
    watchers.dispose();
    expect(vi.getTimerCount()).toBe(0);
  });
});
