/** Relays that come and go for hours, under a virtual clock. */
import { expect, test } from 'vitest';
import { churn } from '../helpers/virtual-churn.ts';

test.each(Array.from({ length: 10 }, (_, i) => i + 1))('seed %i', async (seed) => {
  const result = await churn({ relays: 6 + seed, steps: 100, seed });
  expect(result.faults).toEqual([]);
  expect(result.deleted).toBeGreaterThan(20);
});
