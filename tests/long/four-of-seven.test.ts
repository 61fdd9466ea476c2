import { expect, test } from 'vitest';
import { choices } from '../helpers/choices.ts';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { startRelays } from '../helpers/relays.ts';

test('a file of many chunks comes back for every choice of 4 of 7 relays killed', async () => {
  await using swarm = await startRelays(7);
  await using user = await CliUser.create();
  const file = user.path('report.bin');
  const manifest = user.path('report.manifest');
  await writeMixedFile(file, 12 * 2 ** 20 + 4711);
  const up = await user.run('distribute', file, '--entry-node', swarm.entry.url, '-m', manifest);
  expect(up, up.stderr).toMatchObject({ code: 0 });
  const expected = await sha256OfFile(file);

  const indexes = swarm.relays.map((_, index) => index);
  const all = choices(indexes, 4);
  expect(all).toHaveLength(35);
  for (const dead of all) {
    await Promise.all(dead.map(async (index) => swarm.relays[index]?.kill()));
    const survivor = swarm.relays.find((relay) => relay.alive);
    const output = user.path(`copy-${dead.join('-')}.bin`);
    const down = await user.run('reconstruct', manifest, output, '--entry-node', survivor?.url ?? '');
    expect(down, `${dead.join()}: ${down.stderr}`).toMatchObject({ code: 0 });
    expect(await sha256OfFile(output)).toBe(expected);
    for (const index of dead) {
      const relay = swarm.relays[index];
      if (relay !== undefined) swarm.relays[index] = await relay.restart();
    }
    await swarm.settled();
  }
});
