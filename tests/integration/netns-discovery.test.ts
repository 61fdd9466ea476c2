/** Relays on different hosts, with nothing but broadcast to find each other. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { writeMixedFile } from '../helpers/files.ts';
import { Lan, lanNamespaces } from '../helpers/netns.ts';
import { CLI_PROGRAM, REPO } from '../helpers/programs.ts';
import { holdersOfAll, storedChunks } from '../helpers/stored-chunks.ts';
import { until } from '../helpers/until.ts';
import { ownedChunk } from '../helpers/virtual-chunk.ts';

const NONCE = '000102030405060708090a0b0c0d0e0f';

test('two hosts find each other by broadcast, and a chunk put on one comes back from the other', async () => {
  await using lan = await Lan.create(2);
  const [a, b] = [await lan.host(0).startRelay(), await lan.host(1).startRelay()];
  await lan.settled();
  const { id, bytes } = ownedChunk(Math.random, 200_000);
  const put = await lan.host(0).fetch(a, `/chunk/${id}`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/octet-stream',
      'x-client-nonce': NONCE,
      'x-replicate-to': b.id,
    },
    body: bytes,
  });
  expect(put.status, put.body.toString()).toBe(200);
  expect(await storedChunks(a.dir)).toEqual([]);
  expect(await storedChunks(b.dir)).toEqual([id]);
  for (const relay of [a, b]) {
    const got = await lan.hostOf(relay).fetch(relay, `/chunk/${id}`);
    expect(got.status).toBe(200);
    expect(got.body.equals(bytes)).toBe(true);
  }
});

test('three hosts: replicas on each of them before a second one anywhere, found by scanning from a host of its own', async () => {
  await using lan = await Lan.create(4);
  // Host 0 has as many relays as it takes to hold every replica; a rule that did not know hosts would put them there.
  for (const host of [0, 0, 0, 0, 0, 1, 2]) await lan.host(host).startRelay();
  await lan.settled([[0, 1, 2]]);
  const user = lan.host(3);
  const file = path.join(lan.dir, 'in.bin');
  await writeMixedFile(file, 6 * 2 ** 20 + 5);
  const env = { ...process.env, XDG_DATA_HOME: path.join(lan.dir, 'home'), INIT_CWD: lan.dir, NO_COLOR: '1' };
  const lanvault = (...args: string[]): ReturnType<typeof user.run> =>
    user.run([process.execPath, CLI_PROGRAM, ...args], env);

  const manifest = path.join(lan.dir, 'in.manifest');
  const stored = await lanvault('distribute', file, '--scan', '--manifest', manifest);
  expect(stored.code, stored.output).toBe(0);
  const holders = await holdersOfAll(lan.relays.map(({ dir }) => dir));
  expect(holders.size).toBeGreaterThanOrEqual(7);
  const alone = [...lan.host(1).relays, ...lan.host(2).relays].map(({ dir }) => dir);
  for (const dirs of holders.values()) {
    expect(dirs).toHaveLength(5);
    expect(dirs).toEqual(expect.arrayContaining(alone));
  }

  await Promise.all(lan.host(0).relays.map((relay) => relay.kill()));
  const out = path.join(lan.dir, 'out.bin');
  const read = await lanvault('reconstruct', manifest, out, '--scan');
  expect(read.code, read.output).toBe(0);
  expect((await readFile(out)).equals(await readFile(file))).toBe(true);
});

test('a partition parts hosts, and they find each other again', async () => {
  await using lan = await Lan.create(3);
  for (const host of lan.hosts) await host.startRelay();
  await lan.settled();
  lan.partition([[0], [1, 2]]);
  await lan.settled([[0], [1, 2]]);
  lan.heal();
  await lan.settled();
});

test('what a killed runner left behind is removed by the next one', async () => {
  const script = `const { Lan } = await import(${JSON.stringify(path.join(REPO, 'tests/helpers/netns.ts'))});
    const lan = await Lan.create(1);
    const relay = await lan.host(0).startRelay();
    console.log(JSON.stringify({ relay: relay.pid }));`;
  const runner = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(runner, 'exit').then(() => {
    throw new Error('The runner ended by itself.');
  });
  const lines = once(createInterface({ input: runner.stdout }), 'line') as Promise<[string]>;
  const [line] = await Promise.race([lines, ended]);
  ended.catch(() => undefined);
  const left = lanNamespaces().filter((name) => name.includes(`-${String(runner.pid)}-`));
  expect(left).toHaveLength(2);
  const exit = once(runner, 'exit');
  runner.kill('SIGKILL');
  await exit;
  expect(lanNamespaces()).toEqual(expect.arrayContaining(left));
  await using lan = await Lan.create(1);
  expect(lan.hosts).toHaveLength(1);
  expect(lanNamespaces().filter((name) => left.includes(name))).toEqual([]);
  const { relay } = JSON.parse(line) as { relay: number };
  // A process that nobody waits for leaves its entry, but no command line.
  const commandLine = (): Promise<string> =>
    readFile(`/proc/${String(relay)}/cmdline`, 'utf8').catch(() => '');
  await until(async () => (await commandLine()) === '', 'the relay left behind has ended');
});
