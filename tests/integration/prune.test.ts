/** `lanvault prune` against real relays, with several owners on one swarm. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile, writeRandomFile } from '../helpers/files.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelaySwarm } from '../helpers/relays.ts';
import { forgetInIndex, holdersOfFiles } from '../helpers/index-chunks.ts';
import { holdersOfAll } from '../helpers/stored-chunks.ts';
import { until } from '../helpers/until.ts';

const MIB = 2 ** 20;
/** What is stored now is two hours old for this user's processes. */
const LATER = {
  NODE_OPTIONS: '--import=data:text/javascript,const{now}=Date;Date.now=()=>now()+7200000',
};

interface Pruned {
  orphans: { id: string; size: number; replicas: number }[];
  young: number;
  deleted: number;
}

async function newSwarm(): Promise<RelaySwarm> {
  const swarm = await startRelays(5);
  onTestFinished(() => swarm[Symbol.asyncDispose]());
  return swarm;
}

async function newUser(): Promise<CliUser> {
  const user = await CliUser.create();
  onTestFinished(() => user[Symbol.asyncDispose]());
  return user;
}

/** Another device of the user's vault. */
async function secondDevice(user: CliUser): Promise<CliUser> {
  const device = await newUser();
  await mkdir(device.path('data/lanvault'), { recursive: true });
  const vault = JSON.parse(await readFile(user.path('data/lanvault/vault.json'), 'utf8')) as object;
  const other = { ...vault, device_id: 'ab'.repeat(16) };
  await writeFile(device.path('data/lanvault/vault.json'), JSON.stringify(other), { mode: 0o600 });
  return device;
}

/** The chunk ids of a file that the user has just stored. */
async function store(user: CliUser, swarm: RelaySwarm, name: string): Promise<string[]> {
  await writeMixedFile(user.path(name), 2.5 * MIB);
  const stored = await user.run('distribute', name, '--entry-node', swarm.entry.url);
  expect(stored, stored.stderr).toMatchObject({ code: 0 });
  const manifest = JSON.parse(await readFile(user.path(`manifests/${name}.manifest`), 'utf8')) as {
    chunks: { id: string }[];
  };
  return manifest.chunks.map(({ id }) => id);
}

const journalsOf = (user: CliUser): string => user.path('data/lanvault/journals');

async function journals(user: CliUser): Promise<string[]> {
  const names = await readdir(journalsOf(user)).catch(() => []);
  return names.filter((name) => name.endsWith('.jsonl')).map((name) => path.join(journalsOf(user), name));
}

/** Makes orphans: stores a file, and loses the journal and the entry of the vault's index that refer to it. */
async function storeAndForget(user: CliUser, swarm: RelaySwarm, name: string): Promise<string[]> {
  const before = new Set(await journals(user));
  const ids = await store(user, swarm, name);
  for (const file of await journals(user))
    if (!before.has(file)) await rename(file, user.path(`${name}.journal`));
  return [...ids, ...(await forgetInIndex(user, name))];
}

/** An upload that has stored some chunks, and is stopped there by the signal. */
async function interrupted(
  user: CliUser,
  swarm: RelaySwarm,
  name: string,
  signal: 'SIGSTOP' | 'SIGKILL',
): Promise<ChildProcess> {
  await writeRandomFile(user.path(name), 32 * MIB);
  const before = new Set(await journals(user));
  const args = ['distribute', name, '--compression', 'none', '--entry-node', swarm.entry.url];
  const child = user.spawn(...args);
  onTestFinished(() => void child.kill('SIGKILL'));
  await until(async () => {
    for (const file of await journals(user)) {
      if (!before.has(file) && (await readFile(file, 'utf8')).split('"kind":"stored"').length > 3)
        return true;
    }
    return false;
  }, 'the upload has stored some chunks');
  child.kill(signal);
  if (signal === 'SIGKILL') await once(child, 'exit');
  expect(child.exitCode).toBeNull();
  return child;
}

async function prune(user: CliUser, swarm: RelaySwarm, ...flags: string[]): Promise<Pruned> {
  const result = await user.run('prune', '--json', '--entry-node', swarm.entry.url, ...flags);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return JSON.parse(result.stdout) as Pruned;
}

const idsOf = ({ orphans }: Pruned): string[] => orphans.map(({ id }) => id).sort();
const holders = (swarm: RelaySwarm) => holdersOfAll(swarm.relays.map(({ dir }) => dir));

/** What was sent when an upload was stopped may still arrive, and nothing else changes. */
function expectKept(
  now: ReadonlyMap<string, string[]>,
  before: ReadonlyMap<string, string[]>,
  except: readonly string[],
): void {
  for (const [id, dirs] of before) {
    if (!except.includes(id)) expect(now.get(id)).toEqual(expect.arrayContaining(dirs));
  }
}

test('prune lists and removes this device’s orphans, and no chunk of another device, user or upload', async () => {
  const swarm = await newSwarm();
  const ann = await newUser();
  const kept = await store(ann, swarm, 'kept.bin');
  const annPhone = await secondDevice(ann);
  const bob = await newUser();
  const phoneKept = await store(annPhone, swarm, 'phone.bin');
  const bobKept = await store(bob, swarm, 'bob.bin');
  const annLost = await storeAndForget(ann, swarm, 'lost.bin');
  const phoneLost = await storeAndForget(annPhone, swarm, 'lost.bin');
  const bobLost = await storeAndForget(bob, swarm, 'lost.bin');
  await interrupted(ann, swarm, 'killed.bin', 'SIGKILL');
  const stopped = await interrupted(ann, swarm, 'stopped.bin', 'SIGSTOP');
  const before = await holders(swarm);

  const young = await prune(ann, swarm, '--dry-run');
  expect(young).toMatchObject({ orphans: [], young: 4 });
  for (const user of [ann, annPhone, bob]) Object.assign(user.env, LATER);
  const dryRun = await prune(ann, swarm, '--dry-run');
  expect(idsOf(dryRun)).toEqual([...annLost].sort());
  expect(dryRun.orphans.map(({ replicas }) => replicas)).toEqual([5, 5, 5, 5]);
  const unasked = await ann.run('prune', '--entry-node', swarm.entry.url);
  expect(unasked).toMatchObject({ code: 2 });
  expectKept(await holders(swarm), before, []);

  expect(await prune(ann, swarm, '--yes')).toMatchObject({ deleted: 4 });
  const after = await holders(swarm);
  for (const id of annLost) expect(after.has(id)).toBe(false);
  expectKept(after, before, annLost);
  expect((await prune(ann, swarm, '--yes')).orphans).toEqual([]);

  expect(idsOf(await prune(annPhone, swarm, '--dry-run'))).toEqual([...phoneLost].sort());
  expect(idsOf(await prune(bob, swarm, '--yes'))).toEqual([...bobLost].sort());
  const last = await holders(swarm);
  for (const id of [...kept, ...phoneKept, ...bobKept, ...phoneLost]) expect(last.get(id)).toHaveLength(5);

  // The uploads that were under way go on as if nothing had been.
  for (const user of [ann, annPhone, bob]) delete user.env['NODE_OPTIONS'];
  const ended = once(stopped, 'exit');
  stopped.kill('SIGCONT');
  expect(await ended).toEqual([0, null]);
  const entry = ['--entry-node', swarm.entry.url];
  const resumed = await ann.run('distribute', 'killed.bin', '--compression', 'none', '--json', ...entry);
  expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
  expect((JSON.parse(resumed.stdout) as { resumed_bytes: number }).resumed_bytes).toBeGreaterThan(0);
  for (const name of ['killed.bin', 'stopped.bin']) {
    const restored = await ann.run('reconstruct', `manifests/${name}.manifest`, `${name}.out`, ...entry);
    expect(restored, restored.stderr).toMatchObject({ code: 0 });
    expect(await sha256OfFile(ann.path(`${name}.out`))).toBe(await sha256OfFile(ann.path(name)));
  }
});

test('with a damaged journal, or a relay that does not answer, prune refuses and says why', async () => {
  const swarm = await newSwarm();
  const user = await newUser();
  await store(user, swarm, 'kept.bin');
  const lost = await storeAndForget(user, swarm, 'lost.bin');
  Object.assign(user.env, LATER);
  const refused = async (status: number): Promise<string> => {
    const result = await user.run('prune', '--yes', '--entry-node', swarm.entry.url);
    expect(result, result.stderr).toMatchObject({ code: status, stdout: '' });
    expect(result.stderr).toContain('Nothing was deleted.');
    const left = await holders(swarm);
    for (const id of lost) expect(left.get(id)).toHaveLength(5);
    return result.stderr;
  };

  const [journal = ''] = await journals(user);
  await cp(journal, user.path('backup'));
  const lines = (await readFile(journal, 'utf8')).split('\n');
  await writeFile(journal, lines.with(2, '{"kind":"sealed"').join('\n'));
  expect(await refused(5)).toContain(journal);
  await writeFile(journal, lines.slice(0, 3).join('\n') + '\n');
  expect(await refused(5)).toContain(journal);
  await writeFile(journal, '');
  expect(await refused(5)).toContain(journal);
  await cp(user.path('backup'), journal);
  await rename(journalsOf(user), user.path('elsewhere'));
  expect(await refused(5)).toContain(journalsOf(user));
  await rename(user.path('elsewhere'), journalsOf(user));

  const silent = swarm.relays[3];
  if (silent === undefined) throw new Error('There are five relays.');
  silent.signal('SIGSTOP');
  expect(await refused(4)).toContain(silent.id);
  silent.signal('SIGCONT');
  await swarm.settled();
  expect(idsOf(await prune(user, swarm, '--yes'))).toEqual([...lost].sort());
  const left = await holdersOfFiles(
    swarm.relays.map(({ dir }) => dir),
    user,
  );
  expect(left.size).toBe(3);
});
