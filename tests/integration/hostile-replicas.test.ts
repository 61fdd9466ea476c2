import { randomBytes } from 'node:crypto';
import { readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { beacon } from '../helpers/beacon.ts';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { holdersOfFiles } from '../helpers/index-chunks.ts';
import { RecordingProxy } from '../helpers/recording-proxy.ts';
import { RelayProcess, startRelays } from '../helpers/relays.ts';
import type { RelaySwarm } from '../helpers/relays.ts';
import { SlowProxy } from '../helpers/slow-proxy.ts';
import { until } from '../helpers/until.ts';
import { chunkPath, holdersOfAll } from '../helpers/stored-chunks.ts';

const FAULTS = ['wrong bytes', 'truncated', 'empty', 'another chunk'] as const;

/** Ruins all replicas of each chunk but one; which one is left, and which fault hits which, goes round. */
async function ruinFourOfFive(swarm: RelaySwarm, round: number): Promise<void> {
  const holders = await holdersOfAll(swarm.relays.map((relay) => relay.dir));
  const ids = [...holders.keys()].sort();
  for (const [i, id] of ids.entries()) {
    const dirs = (holders.get(id) ?? []).sort();
    expect(dirs).toHaveLength(5);
    const spared = (i + round) % dirs.length;
    for (const [j, dir] of dirs.entries()) {
      if (j === spared) continue;
      const file = chunkPath(dir, id);
      const good = await readFile(file);
      const fault = FAULTS[(i + j + round) % FAULTS.length];
      if (fault === 'wrong bytes') await writeFile(file, randomBytes(good.length));
      if (fault === 'truncated') await truncate(file, Math.floor(good.length / 2));
      if (fault === 'empty') await truncate(file, 0);
      if (fault === 'another chunk') {
        const other = ids[(i + 1) % ids.length] ?? id;
        const [source = dir] = holders.get(other) ?? [];
        await writeFile(file, await readFile(chunkPath(source, other)));
      }
    }
  }
}

test('with four of five replicas of every chunk replaced by garbage, 20 of 20 reconstructions are right', async () => {
  await using swarm = await startRelays(6);
  await using user = await CliUser.create();
  const file = user.path('photo.raw');
  const manifest = user.path('photo.manifest');
  await writeMixedFile(file, 4 * 2 ** 20 + 99);
  const up = await user.run('distribute', file, '--entry-node', swarm.entry.url, '-m', manifest);
  expect(up, up.stderr).toMatchObject({ code: 0 });
  const expected = await sha256OfFile(file);
  await ruinFourOfFive(swarm, 0);

  for (let round = 0; round < 20; round++) {
    const entry = swarm.relays[round % swarm.relays.length] ?? swarm.entry;
    const output = user.path(`copy-${String(round)}`);
    const down = await user.run('reconstruct', manifest, output, '--entry-node', entry.url);
    expect(down, down.stderr).toMatchObject({ code: 0 });
    expect(await sha256OfFile(output)).toBe(expected);
  }
});

test('when all five replicas are garbage, the error names the block and no file is left', async () => {
  await using swarm = await startRelays(5);
  await using user = await CliUser.create();
  const file = user.path('photo.raw');
  await writeMixedFile(file, 5000);
  await user.run('distribute', file, '--entry-node', swarm.entry.url, '-m', user.path('m'));
  const holders = await holdersOfAll(swarm.relays.map((relay) => relay.dir));
  for (const [id, dirs] of holders)
    for (const dir of dirs) await writeFile(chunkPath(dir, id), randomBytes(3000));

  const down = await user.run(
    'reconstruct',
    user.path('m'),
    user.path('copy'),
    '--entry-node',
    swarm.entry.url,
  );
  expect(down.code).toBe(5);
  expect(down.stderr).toMatch(/block 0/i);
  expect(await readdir(user.dir)).not.toContain('copy');
});

test('relays that hang, and an entry that resets, delay a download but do not break it', async () => {
  await using swarm = await startRelays(7);
  await using user = await CliUser.create();
  const file = user.path('photo.raw');
  const manifest = user.path('photo.manifest');
  await writeMixedFile(file, 6 * 2 ** 20);
  const up = await user.run('distribute', file, '--entry-node', swarm.entry.url, '-m', manifest);
  expect(up, up.stderr).toMatchObject({ code: 0 });

  // Stopped processes keep their sockets open and answer nothing: a hang as real as it gets.
  const hung = swarm.relays.slice(3);
  for (const relay of hung) relay.signal('SIGSTOP');
  await using cutOff = await RecordingProxy.start(swarm.entry.port);
  cutOff.cut();
  const second = swarm.relays[1] ?? swarm.entry;
  const output = user.path('copy');
  const down = await user.run(
    'reconstruct',
    manifest,
    output,
    '--entry-node',
    cutOff.url,
    '--entry-node',
    second.url,
  );
  for (const relay of hung) relay.signal('SIGCONT');
  expect(down, down.stderr).toMatchObject({ code: 0 });
  expect(await sha256OfFile(output)).toBe(await sha256OfFile(file));
});

test('holders that trickle delay a download but do not break it', async () => {
  await using swarm = await startRelays(3);
  await using user = await CliUser.create();
  // Two more relays, which the others know only by beacons that name a proxy's port as their link.
  await using stack = new AsyncDisposableStack();
  const proxies: SlowProxy[] = [];
  for (const name of ['slow-a', 'slow-b']) {
    const relay = stack.use(await RelayProcess.start({ discoveryPort: 0, dir: user.path(name) }));
    const proxy = stack.use(await SlowProxy.start(relay.linkPort));
    stack.use(await beacon(swarm.discoveryPort, { id: relay.id, port: relay.port, link: proxy.port }));
    proxies.push(proxy);
  }
  await until(async () => (await swarm.entry.peers()).length === 5, 'the entry relay knows all five');

  const file = user.path('photo.raw');
  const manifest = user.path('photo.manifest');
  await writeMixedFile(file, 6 * 2 ** 20);
  const up = await user.run('distribute', file, '--entry-node', swarm.entry.url, '-m', manifest);
  expect(up, up.stderr).toMatchObject({ code: 0 });
  expect((await holdersOfFiles([user.path('slow-a')], user)).size).toBe(6);

  for (const proxy of proxies) proxy.trickling = true;
  const down = await user.run('reconstruct', manifest, user.path('copy'), '--entry-node', swarm.entry.url);
  expect(down, down.stderr).toMatchObject({ code: 0 });
  expect(await sha256OfFile(user.path('copy'))).toBe(await sha256OfFile(file));
});
