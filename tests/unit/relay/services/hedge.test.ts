import { expect, test } from 'vitest';
import { firstGood } from '../../../../relay/services/hedge.ts';
import { abortError } from '../../../../shared/errors.ts';
import { VirtualClock, settled } from '../p2p/virtual-clock.ts';

test('a good answer does not wait for the search for further candidates, which ends with it', async () => {
  const clock = new VirtualClock();
  let hasEnded = false;
  async function* candidates(signal: AbortSignal): AsyncGenerator<string> {
    yield 'slow';
    try {
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(abortError(signal)));
      });
    } finally {
      hasEnded = true;
    }
  }
  const answer = Promise.withResolvers<string>();
  const options = { hedgeMs: 100, clock, signal: new AbortController().signal };
  const found = firstGood(candidates, () => answer.promise, options);
  await settled();
  await clock.advance(200);
  answer.resolve('chunk');
  expect(await found).toBe('chunk');
  expect(hasEnded).toBe(true);
});

test('holders that take requests and never answer do not use up all attempts', async () => {
  const clock = new VirtualClock();
  async function* candidates(): AsyncGenerator<number> {
    for (let i = 0; i < 20; i++) yield await Promise.resolve(i);
  }
  const asked: number[] = [];
  const ask = (candidate: number): Promise<string | null> => {
    asked.push(candidate);
    return candidate === 8 ? Promise.resolve('chunk') : new Promise(() => undefined);
  };
  const options = { hedgeMs: 100, clock, signal: new AbortController().signal };
  const found = firstGood(candidates, ask, options);
  await settled();
  // At first as few as ever.
  await clock.advance(250);
  expect(asked).toEqual([0, 1, 2]);
  for (let step = 0; step < 30 && asked.length < 9; step++) await clock.advance(100);
  expect(await Promise.race([found, settled().then(() => 'nothing')])).toBe('chunk');
});

test('so many attempts as memory allows are under way at most', async () => {
  const clock = new VirtualClock();
  async function* candidates(): AsyncGenerator<number> {
    for (let i = 0; i < 100; i++) yield await Promise.resolve(i);
  }
  let asked = 0;
  const over = new AbortController();
  const ask = (): Promise<null> => {
    asked++;
    return new Promise(() => undefined);
  };
  const found = firstGood(candidates, ask, { hedgeMs: 100, clock, signal: over.signal });
  found.catch(() => undefined);
  await settled();
  for (let step = 0; step < 100; step++) await clock.advance(100);
  expect(asked).toBe(12);
});
