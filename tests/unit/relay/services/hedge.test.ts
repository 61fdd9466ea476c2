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
