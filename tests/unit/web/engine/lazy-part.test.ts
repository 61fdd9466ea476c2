import { describe, expect, test } from 'vitest';
import { LazyPart } from '../../../../web/engine/lazy-part.ts';
import { Watchers } from '../../../../web/engine/watchers.ts';

class Counter {
  readonly #watchers = new Watchers<number>(() => this.#count);
  #count = 1;
  disposals = 0;

  watch(callback: (value: number) => void): () => void {
    return this.#watchers.watch(callback);
  }

  raise(): void {
    this.#count++;
    this.#watchers.changed();
  }

  dispose(): Promise<void> {
    this.disposals++;
    return Promise.resolve();
  }
}

describe('LazyPart', () => {
  test('whoever watches early gets the empty value, then follows the part', async () => {
    const part = new LazyPart(() => Promise.resolve(new Counter()), 0);
    const early: number[] = [];
    const stop = part.watch((value) => early.push(value));
    expect(early).toEqual([0]);
    expect(part.loaded).toBeNull();
    const counter = await part.get();
    expect(part.loaded).toBe(counter);
    counter.raise();
    expect(early).toEqual([0, 1, 2]);
    stop();
    counter.raise();
    expect(early).toEqual([0, 1, 2]);
  });

  test('who stops before it is loaded hears nothing of it', async () => {
    const part = new LazyPart(() => Promise.resolve(new Counter()), 0);
    const heard: number[] = [];
    part.watch((value) => heard.push(value))();
    const counter = await part.get();
    counter.raise();
    expect(heard).toEqual([0]);
  });

  test('who comes late follows the part at once', async () => {
    const part = new LazyPart(() => Promise.resolve(new Counter()), 0);
    await part.get();
    const late: number[] = [];
    part.watch((value) => late.push(value));
    expect(late).toEqual([1]);
  });

  test('watching goes on when the first load failed', async () => {
    const loads = [Promise.reject(new TypeError('Failed to fetch')), Promise.resolve(new Counter())];
    const part = new LazyPart(() => loads.shift() ?? Promise.reject(new Error('loaded too often')), 0);
    const heard: number[] = [];
    part.watch((value) => heard.push(value));
    await expect(part.get()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await part.get();
    expect(heard).toEqual([0, 1]);
  });

  test('disposing disposes what was loaded, even what comes afterwards', async () => {
    const loaded = new LazyPart(() => Promise.resolve(new Counter()), 0);
    const counter = await loaded.get();
    await loaded.dispose();
    expect(counter.disposals).toBe(1);

    const loading = Promise.withResolvers<Counter>();
    const late = new LazyPart(() => loading.promise, 0);
    const heard: number[] = [];
    late.watch((value) => heard.push(value));
    const got = late.get();
    await late.dispose();
    loading.resolve(new Counter());
    expect((await got).disposals).toBe(1);
    expect(heard).toEqual([0]);
  });

  test('an unused part is disposed of without being loaded', async () => {
    const part = new LazyPart(() => Promise.reject(new Error('loaded for nothing')), 0);
    await part.dispose();
    expect(part.loaded).toBeNull();
  });
});
