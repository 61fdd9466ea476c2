import { expect, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { freeUdpPort, startRelays } from '../helpers/relays.ts';
import { holdersOfFiles } from '../helpers/index-chunks.ts';

const DEGRADED = 3;
const NO_RELAYS = 4;

test('on three relays an upload succeeds, is on all three, and says that it is degraded', async () => {
  await using swarm = await startRelays(3);
  await using user = await CliUser.create();
  const file = user.path('notes.bin');
  await writeMixedFile(file, 2 ** 20 + 1);

  const up = await user.run(
    'distribute',
    file,
    '--entry-node',
    swarm.entry.url,
    '-m',
    user.path('notes.manifest'),
  );
  expect(up.code, up.stderr).toBe(DEGRADED);
  expect(up.stdout + up.stderr).toMatch(/degraded/i);
  const holders = await holdersOfFiles(
    swarm.relays.map((relay) => relay.dir),
    user,
  );
  expect([...holders.values()].map((dirs) => dirs.length)).toEqual([3, 3]);

  const down = await user.run(
    'reconstruct',
    user.path('notes.manifest'),
    user.path('copy'),
    '--entry-node',
    swarm.entry.url,
  );
  expect(down, down.stderr).toMatchObject({ code: 0 });
  expect(await sha256OfFile(user.path('copy'))).toBe(await sha256OfFile(file));
});

test('with no relay the upload fails clearly, and a later run resumes it', async () => {
  await using user = await CliUser.create();
  const file = user.path('notes.bin');
  await writeMixedFile(file, 4 * 2 ** 20);
  const discoveryPort = await freeUdpPort();
  const distribute = [
    'distribute',
    file,
    '--scan',
    '--discovery-port',
    String(discoveryPort),
    '-m',
    user.path('m'),
    '--json',
  ];

  const none = await user.run(...distribute);
  expect(none.code).toBe(NO_RELAYS);
  expect(none.stderr).toMatch(/relay/i);
  expect(none.stderr).not.toMatch(/\n\s+at /);

  await using swarm = await startRelays(5, { discoveryPort });
  const again = await user.run(...distribute);
  expect(again, again.stderr).toMatchObject({ code: 0 });
  const down = await user.run(
    'reconstruct',
    user.path('m'),
    user.path('copy'),
    '--scan',
    '--discovery-port',
    String(discoveryPort),
  );
  expect(down, down.stderr).toMatchObject({ code: 0 });
  expect(await sha256OfFile(user.path('copy'))).toBe(await sha256OfFile(file));
  expect(swarm.relays.every((relay) => relay.alive)).toBe(true);
});
