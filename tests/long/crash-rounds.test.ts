/** SIGKILL at random points of PUT, delete, repair, unjoin and SQLite writes. */
import { expect, test } from 'vitest';
import { CrashRounds, crashSeed } from '../helpers/crash-rounds.ts';

test('140 times during PUT and delete: every relay keeps its receipts and its deletions', async () => {
  await using rounds = await CrashRounds.start(7, crashSeed());
  for (let i = 0; i < 140; i++) await rounds.round('client');
  await rounds.checkAll();
  console.log(rounds.tally);
  expect(rounds.tally.kills).toBeGreaterThanOrEqual(140);
});

test.each(['repair', 'unjoin'] as const)(
  '30 times during %s: every chunk comes back to five',
  async (work) => {
    await using rounds = await CrashRounds.start(7, crashSeed());
    await rounds.round('client');
    for (let i = 0; i < 30; i++) await rounds.round(work);
    console.log(rounds.tally);
    expect(rounds.tally.kills).toBeGreaterThanOrEqual(31);
  },
);
