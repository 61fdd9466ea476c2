/** The short form of `npm run chaos`. */
import { expect, test } from 'vitest';
import { runChaos } from '../chaos/run.ts';

test('people work while everything goes wrong: nothing lost, nothing undead, all at five', async ({
  signal,
}) => {
  const seed = Number(process.env['LANVAULT_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`chaos with LANVAULT_SEED=${String(seed)}`);
  const tally = await runChaos({ seed, minutes: 0.1, say: () => undefined, signal });
  expect(tally.operations).toBeGreaterThan(0);
  expect(tally.faults).toBeGreaterThan(0);
});
