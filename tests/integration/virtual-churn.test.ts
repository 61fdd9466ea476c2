/** The short form of `tests/long/churn.test.ts`. */
import { expect, test } from 'vitest';
import { churn } from '../helpers/virtual-churn.ts';

test('relays come and go for a while: nothing lost, nothing undead, all at five', async () => {
  const result = await churn({ relays: 8, steps: 35, seed: 5 });
  expect(result.faults).toEqual([]);
  expect(result.chunks).toBeGreaterThan(40);
  expect(result.deleted).toBeGreaterThan(5);
});

test('the same seed gives the same run', async () => {
  const first = await churn({ relays: 7, steps: 8, seed: 6 });
  expect(await churn({ relays: 7, steps: 8, seed: 6 })).toEqual(first);
});
