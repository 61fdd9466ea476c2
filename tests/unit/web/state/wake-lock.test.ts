import { describe, expect, it } from 'vitest';
import { WakeLock } from '../../../../web/state/wake-lock.ts';

class FakePage extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';

  show(visible: boolean): void {
    this.visibilityState = visible ? 'visible' : 'hidden';
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

class FakeLock {
  released = false;

  release(): Promise<void> {
    this.released = true;
    return Promise.resolve();
  }
}

function start(): {
  page: FakePage;
  locks: FakeLock[];
  wakeLock: WakeLock;
  refuse: (refused: boolean) => void;
} {
  const page = new FakePage();
  const locks: FakeLock[] = [];
  let refused = false;
  const platform = {
    request: (): Promise<FakeLock> => {
      if (refused) return Promise.reject(new DOMException('The battery is low.', 'NotAllowedError'));
      const lock = new FakeLock();
      locks.push(lock);
      return Promise.resolve(lock);
    },
  };
  const wakeLock = new WakeLock({ wakeLock: platform, page });
  return { page, locks, wakeLock, refuse: (now) => (refused = now) };
}

/** Lets all promises that are settled be heard. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const held = (locks: readonly FakeLock[]): number => locks.filter(({ released }) => !released).length;

describe('WakeLock', () => {
  it('is held while it is wanted', async () => {
    const { locks, wakeLock } = start();
    await settled();
    expect(locks).toEqual([]);
    wakeLock.want(true);
    wakeLock.want(true);
    await settled();
    expect(locks).toHaveLength(1);
    expect(held(locks)).toBe(1);
    wakeLock.want(false);
    await settled();
    expect(held(locks)).toBe(0);
  });

  it('is taken again when the page is shown again', async () => {
    const { page, locks, wakeLock } = start();
    wakeLock.want(true);
    await settled();
    // As browsers do.
    for (const lock of locks) lock.released = true;
    page.show(false);
    await settled();
    expect(held(locks)).toBe(0);
    page.show(true);
    await settled();
    expect(held(locks)).toBe(1);
  });

  it('is not held when it is not wanted any more by the time the browser gives it', async () => {
    const { locks, wakeLock } = start();
    wakeLock.want(true);
    wakeLock.want(false);
    await settled();
    expect(held(locks)).toBe(0);
  });

  it('a browser that refuses is asked again when the page is shown', async () => {
    const { page, locks, wakeLock, refuse } = start();
    refuse(true);
    wakeLock.want(true);
    await settled();
    refuse(false);
    page.show(true);
    await settled();
    expect(held(locks)).toBe(1);
  });

  it('is let go when it is disposed of, and does without a platform', async () => {
    const { page, locks, wakeLock } = start();
    wakeLock.want(true);
    await settled();
    wakeLock[Symbol.dispose]();
    await settled();
    page.show(true);
    await settled();
    expect(held(locks)).toBe(0);
    const without = new WakeLock({ wakeLock: undefined, page });
    without.want(true);
    without[Symbol.dispose]();
  });
});
