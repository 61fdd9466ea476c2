import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { startRelays } from '../helpers/relays.ts';
import { holdersOfFiles } from '../helpers/index-chunks.ts';
import { withoutEach } from '../helpers/choices.ts';

interface ManifestJson {
  readonly chunks: readonly { readonly id: string }[];
}

test('each chunk lies on exactly five of seven relays, and any one holder is enough', async () => {
  await using swarm = await startRelays(7);
  await using user = await CliUser.create();
  const file = user.path('report.bin');
  await writeMixedFile(file, 3 * 2 ** 20 + 4711);

  const up = await user.run(
    'distribute',
    file,
    '--entry-node',
    swarm.entry.url,
    '-m',
    user.path('many.manifest'),
  );
  expect(up, up.stderr).toMatchObject({ code: 0 });
  const { chunks } = JSON.parse(await readFile(user.path('many.manifest'), 'utf8')) as ManifestJson;
  const holders = await holdersOfFiles(
    swarm.relays.map((relay) => relay.dir),
    user,
  );
  expect([...holders.keys()].sort()).toEqual(chunks.map((chunk) => chunk.id).sort());
  for (const dirs of holders.values()) expect(new Set(dirs).size).toBe(5);

  // One block, so that its five holders can be killed by four in every way.
  const small = user.path('small.bin');
  await writeMixedFile(small, 70_001);
  const one = await user.run(
    'distribute',
    small,
    '--entry-node',
    swarm.entry.url,
    '-m',
    user.path('one.manifest'),
  );
  expect(one, one.stderr).toMatchObject({ code: 0 });
  const [{ id } = { id: '' }] = (
    JSON.parse(await readFile(user.path('one.manifest'), 'utf8')) as ManifestJson
  ).chunks;
  const dirs =
    (
      await holdersOfFiles(
        swarm.relays.map((relay) => relay.dir),
        user,
      )
    ).get(id) ?? [];
  expect(dirs).toHaveLength(5);

  for (const [survivor, dead] of withoutEach(dirs)) {
    const victims = swarm.relays.filter((relay) => dead.includes(relay.dir));
    expect(victims).toHaveLength(4);
    await Promise.all(victims.map((relay) => relay.kill()));
    const entry = swarm.relays.find((relay) => relay.dir === survivor);
    const output = user.path(`copy-${String(dirs.indexOf(survivor))}.bin`);
    const down = await user.run(
      'reconstruct',
      user.path('one.manifest'),
      output,
      '--entry-node',
      entry?.url ?? '',
    );
    expect(down, down.stderr).toMatchObject({ code: 0 });
    expect(await sha256OfFile(output)).toBe(await sha256OfFile(small));
    for (const relay of victims) swarm.relays[swarm.relays.indexOf(relay)] = await relay.restart();
    await swarm.settled();
  }
});
