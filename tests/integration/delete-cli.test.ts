/** `lanvault delete` against real relays: gone from all, pending where one is away, and refused to whoever has the manifest only. */
import { cp, mkdir, readdir } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import type { CliResult } from '../helpers/cli.ts';
import { writeMixedFile } from '../helpers/files.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelaySwarm } from '../helpers/relays.ts';
import { holdersOfFiles } from '../helpers/index-chunks.ts';
import { until } from '../helpers/until.ts';

const SIZE_BYTES = 2_500_000;

interface Deleted {
  already: boolean;
  chunks: number;
  confirmed: { relay: string; chunks: number }[];
  pending: { relay: string; chunks: number }[];
}

async function stage(): Promise<{ swarm: RelaySwarm; user: CliUser; entry: string[] }> {
  const swarm = await startRelays(5);
  onTestFinished(() => swarm[Symbol.asyncDispose]());
  const user = await newUser();
  await writeMixedFile(user.path('a.bin'), SIZE_BYTES);
  const entry = ['--entry-node', swarm.entry.url];
  const stored = await user.run('distribute', 'a.bin', ...entry);
  expect(stored, stored.stderr).toMatchObject({ code: 0 });
  return { swarm, user, entry };
}

async function newUser(): Promise<CliUser> {
  const user = await CliUser.create();
  onTestFinished(() => user[Symbol.asyncDispose]());
  return user;
}

/** Chunks of the user's files, without what the vault's index is made of. */
const holders = (swarm: RelaySwarm, user: CliUser) =>
  holdersOfFiles(
    swarm.relays.map(({ dir }) => dir),
    user,
  );

function deleted(result: CliResult): Deleted {
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return JSON.parse(result.stdout) as Deleted;
}

test('a file is deleted from every relay, its journal goes, and deleting it again is fine', async () => {
  const { swarm, user, entry } = await stage();
  expect((await holders(swarm, user)).size).toBe(3);
  const unasked = await user.run('delete', 'manifests/a.bin.manifest', ...entry);
  expect(unasked).toMatchObject({ code: 2 });
  expect((await holders(swarm, user)).size).toBe(3);

  const first = deleted(await user.run('delete', 'manifests/a.bin.manifest', '--yes', '--json', ...entry));
  // The fourth is its manifest, which the vault's index leads to.
  expect(first).toMatchObject({ already: false, chunks: 4, pending: [] });
  expect(first.confirmed.map(({ relay, chunks }) => [relay, chunks]).sort()).toEqual(
    swarm.relays.map(({ id }) => [id, 3]).sort(),
  );
  expect((await holders(swarm, user)).size).toBe(0);
  expect((await readdir(user.path('data/lanvault/journals'))).filter((name) => name.endsWith('l'))).toEqual(
    [],
  );

  const second = deleted(await user.run('delete', 'manifests/a.bin.manifest', '--yes', '--json', ...entry));
  expect(second).toMatchObject({ already: true });
  const gone = await user.run('reconstruct', 'manifests/a.bin.manifest', 'out.bin', ...entry);
  expect(gone).toMatchObject({ code: 5 });
});

test('whoever has the manifest alone, or another device’s vault, deletes nothing', async () => {
  const { swarm, user, entry } = await stage();
  const reader = await newUser();
  await cp(user.path('manifests'), reader.path('manifests'), { recursive: true });
  const refused = await reader.run('delete', 'manifests/a.bin.manifest', '--yes', '--json', ...entry);
  expect(refused).toMatchObject({ code: 9, stdout: '' });
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'FORBIDDEN' } });

  // With the journals too, but not the vault.
  await mkdir(reader.path('data/lanvault'), { recursive: true });
  await cp(user.path('data/lanvault/journals'), reader.path('data/lanvault/journals'), { recursive: true });
  const stillRefused = await reader.run('delete', 'manifests/a.bin.manifest', '--yes', ...entry);
  expect(stillRefused).toMatchObject({ code: 9 });
  const all = await holders(swarm, user);
  expect([...all.values()].map((dirs) => dirs.length)).toEqual([5, 5, 5]);
});

test('an owner’s manifest lets somebody else delete the file, and only an owner can make one', async () => {
  const { swarm, user, entry } = await stage();
  const exported = await user.run('export', 'manifests/a.bin.manifest', '--owner', '--json', ...entry);
  expect(exported, exported.stderr).toMatchObject({ code: 0 });
  expect(exported.stderr).toContain('delete it for everybody');
  const other = await newUser();
  await cp(user.path('manifests/a.bin.manifest'), other.path('a.manifest'));
  await cp(user.path('a.bin.owner.manifest'), other.path('owner.manifest'));
  expect(await other.run('export', 'a.manifest', 'b.manifest', '--owner', ...entry)).toMatchObject({
    code: 9,
  });
  const readers = await other.run('export', 'owner.manifest', 'readers.manifest', '--json', ...entry);
  expect(JSON.parse(readers.stdout)).toMatchObject({
    manifest_id: (JSON.parse(exported.stdout) as { manifest_id: string }).manifest_id,
    owner: false,
  });
  expect(await other.run('delete', 'readers.manifest', '--yes', ...entry)).toMatchObject({ code: 9 });
  expect(await other.run('reconstruct', 'owner.manifest', 'copy.bin', ...entry)).toMatchObject({ code: 0 });

  const result = deleted(await other.run('delete', 'owner.manifest', '--yes', '--json', ...entry));
  // Its stored manifest, which the vault's index leads to, goes with its three chunks.
  expect(result).toMatchObject({ already: false, chunks: 4, pending: [] });
  expect(result.confirmed).toHaveLength(5);
  expect((await holders(swarm, user)).size).toBe(0);
  expect(await user.run('reconstruct', 'manifests/a.bin.manifest', 'out.bin', ...entry)).toMatchObject({
    code: 5,
  });
});

test('an absent holder is pending and no failure; it deletes on return, and the next delete hears of it', async () => {
  const { swarm, user, entry } = await stage();
  const absent = swarm.relays[4];
  if (absent === undefined) throw new Error('There are five relays.');
  await absent.kill();
  const early = deleted(await user.run('delete', 'manifests/a.bin.manifest', '--yes', '--json', ...entry));
  // Of the stored manifest's chunk nobody knows the holders: it counts while the relays have yet to notice who is away.
  const [{ chunks } = { chunks: 0 }] = early.pending;
  expect([3, 4]).toContain(chunks);
  expect(early.pending).toEqual([{ relay: absent.id, chunks }]);
  expect(new Set([...(await holders(swarm, user)).values()].flat())).toEqual(new Set([absent.dir]));
  const told = await user.run('delete', 'manifests/a.bin.manifest', '--yes', ...entry);
  expect(told).toMatchObject({ code: 0 });
  expect(told.stdout).toContain(`pending: relay ${absent.id} (${String(chunks)} chunks)`);

  swarm.relays[4] = await absent.restart();
  await until(async () => (await holders(swarm, user)).size === 0, 'the relay that came back has deleted');
  await swarm.settled();
  await until(async () => {
    const again = deleted(await user.run('delete', 'manifests/a.bin.manifest', '--yes', '--json', ...entry));
    return again.pending.length === 0;
  }, 'the relay that came back confirms');
  expect(
    deleted(await user.run('delete', 'manifests/a.bin.manifest', '--yes', '--json', ...entry)),
  ).toMatchObject({
    already: true,
  });
});

test('a published file goes with the chunks of its link, and its owner hears that it still stands in the catalog', async () => {
  const { swarm, user, entry } = await stage();
  const published = await user.run('catalog', 'publish', 'manifests/a.bin.manifest', '--yes', ...entry);
  expect(published, published.stderr).toMatchObject({ code: 0 });
  expect((await holders(swarm, user)).size).toBe(4);
  const result = await user.run('delete', 'manifests/a.bin.manifest', '--yes', '--json', ...entry);
  expect(deleted(result)).toMatchObject({ chunks: 5, pending: [] });
  expect(result.stderr).toContain('catalog unpublish');
  expect((await holders(swarm, user)).size).toBe(0);
});
