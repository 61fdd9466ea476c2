/** The short form of `tests/long/crash-rounds.test.ts`. */
import { expect, test } from 'vitest';
import { CrashRounds, crashSeed } from '../helpers/crash-rounds.ts';

test('10 times SIGKILL at random: receipts and deletions hold', async () => {
  await using rounds = await CrashRounds.start(7, crashSeed());
  for (let i = 0; i < 7; i++) await rounds.round('client');
  await rounds.checkAll();
  await rounds.round('repair');
  await rounds.round('unjoin');
  await rounds.round('unjoin');
  const { kills, receipts, deletions } = rounds.tally;
  expect(kills).toBeGreaterThanOrEqual(10);
  expect(receipts).toBeGreaterThan(100);
  expect(deletions).toBeGreaterThan(0);
});
