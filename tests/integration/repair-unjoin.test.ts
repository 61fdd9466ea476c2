import { createHash, randomBytes } from 'node:crypto';
import { readFile, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelayProcess, RelaySwarm } from '../helpers/relays.ts';
import { chunkPath } from '../helpers/stored-chunks.ts';
import { until } from '../helpers/until.ts';

const GRACE = ['--repair-grace', '3s'];

async function idsOn(relay: RelayProcess): Promise<string[]> {
  const answer = await fetch(`${relay.url}/chunks`);
  const { chunks } = (await answer.json()) as { chunks: { id: string }[] };
  return chunks.map(({ id }) => id);
}

/** How many live relays hold each chunk, by their own inventories. */
async function replicas(swarm: RelaySwarm): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const relay of swarm.relays.filter((each) => each.alive)) {
    for (const id of await idsOn(relay)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

async function allAtFive(swarm: RelaySwarm, chunks: number): Promise<boolean> {
  const counts = await replicas(swarm);
  return counts.size === chunks && [...counts.values()].every((count) => count === 5);
}

async function upload(user: CliUser, relay: RelayProcess, name: string, sizeBytes: number): Promise<Buffer> {
  const bytes = randomBytes(sizeBytes);
  await writeFile(user.path(name), bytes);
  const args = ['distribute', name, '--entry-node', relay.url, '--manifest', `${name}.manifest`];
  const { code, stderr } = await user.run(...args);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return bytes;
}

async function reconstructs(user: CliUser, relay: RelayProcess, name: string, bytes: Buffer): Promise<void> {
  const out = `${name}.back`;
  const args = ['reconstruct', `${name}.manifest`, out, '--force', '--entry-node', relay.url];
  const { code, stderr } = await user.run(...args);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect((await readFile(user.path(out))).equals(bytes)).toBe(true);
}

const MIB = 2 ** 20;
/** Chunks that an upload makes besides the file's: its manifest, and the vault's index of two. */
const OF_INDEX = 3;

describe('relays look after the data by themselves', () => {
  it('a holder killed by SIGKILL: all its chunks are back at five, and a flipped bit is found and healed', async () => {
    await using swarm = await startRelays(7, { extraArgs: GRACE });
    await using user = await CliUser.create();
    const bytes = await upload(user, swarm.entry, 'a.bin', 12 * MIB);
    await until(() => allAtFive(swarm, 12 + OF_INDEX), 'all chunks at five');

    const victim = swarm.relays.at(-1) as RelayProcess;
    expect((await idsOn(victim)).length).toBeGreaterThan(0);
    await victim.kill('SIGKILL');
    await until(() => allAtFive(swarm, 12 + OF_INDEX), 'all chunks are back at five');
    await reconstructs(user, swarm.entry, 'a.bin', bytes);

    // A disk that has turned a bit while its relay was off: the first scrub finds it.
    const index = 1;
    const sick = swarm.relays[index] as RelayProcess;
    const [id = ''] = await idsOn(sick);
    await sick.kill('SIGKILL');
    const file = chunkPath(sick.dir, id);
    const stored = await readFile(file);
    stored[stored.length >> 1] = (stored[stored.length >> 1] ?? 0) ^ 1;
    await writeFile(file, stored);
    const healthy = await sick.restart();
    swarm.relays[index] = healthy;
    await until(async () => {
      const now = await readFile(file).catch(() => null);
      return now !== null && isChunk(id, now);
    }, 'the replica is good again');
    // What was set aside is of no use any more.
    await until(
      async () => (await readdir(path.join(sick.dir, 'rotten'))).length === 0,
      'the rotten one is gone',
    );
    await until(() => allAtFive(swarm, 12 + OF_INDEX), 'still at five');
  });

  it('lanvault repair makes missing copies now, and tells strangers nothing', async () => {
    await using swarm = await startRelays(4, { extraArgs: ['--repair-grace', '1h'] });
    await using user = await CliUser.create();
    await writeFile(user.path('b.bin'), randomBytes(3 * MIB));
    const sent = await user.run('distribute', 'b.bin', '--entry-node', swarm.entry.url);
    expect(sent.code).toBe(3);
    const newcomer = await swarm.add(['--repair-grace', '1h']);
    await swarm.settled();
    expect(await idsOn(newcomer)).toEqual([]);

    const args = ['repair', '--storage-dir', swarm.entry.dir, '--json'];
    const { code, stdout, stderr } = await user.run(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      relays: [
        {
          ...{
            relay: swarm.entry.dir,
            checked: 3 + OF_INDEX,
            missing: 3 + OF_INDEX,
            repaired: 3 + OF_INDEX,
            balanced: 0,
          },
          ...{ surplus: 0, dropped: 0, failed: 0 },
        },
      ],
    });
    expect(await allAtFive(swarm, 3 + OF_INDEX)).toBe(true);

    const { mode } = await stat(path.join(swarm.entry.dir, 'operator.token'));
    expect(mode & 0o777).toBe(0o600);
    for (const order of ['/repair', '/unjoin']) {
      expect((await fetch(`${swarm.entry.url}${order}`, { method: 'POST' })).status).toBe(403);
    }
  });

  it('unjoin under upload load: every chunk stays at five or more, the relay is wiped and ends', async () => {
    await using swarm = await startRelays(7, { extraArgs: GRACE });
    await using user = await CliUser.create();
    const first = await upload(user, swarm.entry, 'c.bin', 10 * MIB);
    const leaving = swarm.relays[3] as RelayProcess;
    expect((await idsOn(leaving)).length).toBeGreaterThan(0);

    const load = upload(user, swarm.entry, 'd.bin', 20 * MIB);
    const { code, stdout, stderr } = await user.run(
      'unjoin',
      '--storage-dir',
      leaving.dir,
      '--yes',
      '--json',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ left: true });
    const second = await load;
    await until(() => !leaving.alive, 'the process ends by itself');
    expect(await filesUnder(path.join(leaving.dir, 'chunks'))).toEqual([]);
    const counts = await replicas(swarm);
    // The index before the last one stays for readers that are at it.
    expect(counts.size).toBe(30 + 2 * OF_INDEX);
    expect(Math.min(...counts.values())).toBeGreaterThanOrEqual(5);
    await reconstructs(user, swarm.entry, 'c.bin', first);
    await reconstructs(user, swarm.entry, 'd.bin', second);
  });

  it('unjoin with nowhere to go refuses, wipes nothing, says why, and serves on', async () => {
    await using swarm = await startRelays(5, { extraArgs: GRACE });
    await using user = await CliUser.create();
    const bytes = await upload(user, swarm.entry, 'e.bin', 2 * MIB);
    const stuck = swarm.relays[2] as RelayProcess;
    const before = await idsOn(stuck);
    expect(before).toHaveLength(2 + OF_INDEX);
    const { code, stderr } = await user.run('unjoin', '--storage-dir', stuck.dir, '--yes');
    expect(code).toBe(4);
    expect(stderr).toMatch(/Nothing was wiped/);
    expect(stuck.alive).toBe(true);
    expect(await idsOn(stuck)).toEqual(before);
    await upload(user, stuck, 'f.bin', MIB);
    await reconstructs(user, stuck, 'e.bin', bytes);
  });
});

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

function isChunk(id: string, bytes: Buffer): boolean {
  const body = createHash('sha256').update(bytes.subarray(32)).digest();
  return createHash('sha256').update(bytes.subarray(0, 32)).update(body).digest('hex') === id;
}
