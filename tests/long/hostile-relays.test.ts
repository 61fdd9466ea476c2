/**
 * Relays that lie over the wire, in every way that `tests/helpers/hostile-*.ts` knows: they claim every chunk, sign receipts and drop
 * what they signed for, serve wrong bytes at once, late or never, fail audits, flood gossip, the catalog and discovery, speak in others'
 * names, and lead lookups astray.
 */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { HostileRelays } from '../helpers/hostile-relay.ts';
import { holdersOfFiles } from '../helpers/index-chunks.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelayProcess } from '../helpers/relays.ts';
import { storedChunks } from '../helpers/stored-chunks.ts';
import { until } from '../helpers/until.ts';

const MIB = 2 ** 20;
const FILES = 20;
const RELAYS = 20;
const HOSTILE = 4;
const SETTLE_MS = 300_000;

const dirsOf = (relays: readonly RelayProcess[]): string[] => relays.map(({ dir }) => dir);
const manifestOf = (name: string): string => `manifests/${name}.manifest`;

async function upload(user: CliUser, entry: RelayProcess, name: string, sizeBytes: number): Promise<void> {
  await writeMixedFile(user.path(name), sizeBytes);
  const up = await user.run('distribute', name, '--entry-node', entry.url);
  expect(up, up.stderr).toMatchObject({ code: 0 });
}

async function comesBack(user: CliUser, entry: RelayProcess, name: string): Promise<void> {
  const copy = `${name}.from-${String(entry.port)}`;
  const down = await user.run('reconstruct', manifestOf(name), copy, '--entry-node', entry.url);
  expect(down, down.stderr).toMatchObject({ code: 0 });
  expect(await sha256OfFile(user.path(copy))).toBe(await sha256OfFile(user.path(name)));
}

async function idsOf(user: CliUser, name: string): Promise<string[]> {
  const manifest = JSON.parse(await readFile(user.path(manifestOf(name)), 'utf8')) as {
    chunks: { id: string }[];
  };
  return manifest.chunks.map(({ id }) => id);
}

test('with four hostile holders of five for every chunk, 20 of 20 files come back', async () => {
  await using swarm = await startRelays(1);
  // It keeps no chunks itself: whatever it gives, it has from the five.
  const entry = await swarm.add(['--capacity', '0']);
  await swarm.settled();
  await using hostile = await HostileRelays.join(swarm, 4);
  await using user = await CliUser.create();
  const names = Array.from({ length: FILES }, (_, i) => `file-${String(i)}.raw`);
  for (const [i, name] of names.entries()) await upload(user, entry, name, 30_000 + i);

  // All five have signed; one of them has what it signed for.
  const holders = await holdersOfFiles(dirsOf([...swarm.relays, ...hostile.relays]), user);
  expect(holders.size).toBe(FILES);
  for (const dirs of holders.values()) expect(dirs).toEqual([swarm.entry.dir]);
  for (const name of names) await comesBack(user, entry, name);
});

test('relays that signed and dropped are found out by audits: every chunk ends on five that have it', async () => {
  await using swarm = await startRelays(7, { extraArgs: ['--repair-grace', '3s'] });
  await using hostile = await HostileRelays.join(swarm, 3);
  await using user = await CliUser.create();
  await upload(user, swarm.entry, 'a.raw', 12 * MIB);
  const ids = await idsOf(user, 'a.raw');
  const copies = async (): Promise<number[]> => {
    const holders = await holdersOfFiles(dirsOf([...swarm.relays, ...hostile.relays]), user);
    return ids.map((id) => holders.get(id)?.length ?? 0);
  };
  const dropped = await hostile.dropped();
  expect(ids.filter((id) => dropped.has(id)).length).toBeGreaterThan(0);
  await until(async () => (await copies()).every((count) => count >= 5), 'all chunks at five', SETTLE_MS);
  for (const relay of swarm.relays.slice(1, 3)) await comesBack(user, relay, 'a.raw');

  // What comes later goes past them at once.
  const liars = hostile.relays.map(({ id }) => id).sort();
  const caught = async (): Promise<string[]> =>
    (await swarm.entry.peers()).flatMap(({ id, distrusted }) => (distrusted === true ? [id] : []));
  await until(async () => (await caught()).sort().join() === liars.join(), 'all liars caught', SETTLE_MS);
  const before = (await hostile.dropped()).size;
  await upload(user, swarm.entry, 'b.raw', 4 * MIB);
  expect((await hostile.dropped()).size).toBe(before);
});

test('with 4 of 20 relays hostile in every way, uploads, downloads and deletes hold', async () => {
  await using swarm = await startRelays(RELAYS - HOSTILE);
  await using hostile = await HostileRelays.join(swarm, HOSTILE);
  expect(hostile.relays).toHaveLength(HOSTILE);
  await using user = await CliUser.create();
  const names = ['a.raw', 'b.raw', 'c.raw'];
  const started = performance.now();
  for (const [i, name] of names.entries())
    await upload(user, swarm.relays[i] ?? swarm.entry, name, 4 * MIB + i);
  const uploaded = performance.now();

  // What is asked of placement: at most four of the five are hostile.
  const ids = new Set((await Promise.all(names.map((name) => idsOf(user, name)))).flat());
  const holders = await holdersOfFiles(dirsOf(swarm.relays), user);
  const honest = [...ids].map((id) => holders.get(id)?.length ?? 0);
  expect(Math.min(...honest)).toBeGreaterThanOrEqual(1);
  const dropped = await hostile.dropped();
  const affected = [...ids].filter((id) => dropped.has(id)).length;
  expect(affected).toBeGreaterThan(0);

  for (const name of names)
    for (const entry of [swarm.relays[3], swarm.relays[8], swarm.relays[13]])
      await comesBack(user, entry ?? swarm.entry, name);
  const downloaded = performance.now();

  for (const name of names) {
    const gone = await user.run('delete', manifestOf(name), '--yes', '--entry-node', swarm.entry.url);
    expect(gone, gone.stderr).toMatchObject({ code: 0 });
  }
  const left = async (): Promise<string[]> =>
    (await Promise.all(dirsOf(swarm.relays).map(storedChunks))).flat().filter((id) => ids.has(id));
  await until(async () => (await left()).length === 0, 'no honest relay holds what was deleted', SETTLE_MS);
  const listed = await swarm.entry.peers();
  expect(listed).toHaveLength(RELAYS);
  console.info({
    uploadMs: Math.round(uploaded - started),
    downloadMs: Math.round(downloaded - uploaded),
    deleteMs: Math.round(performance.now() - downloaded),
    ...{ chunks: ids.size, affected, leastHonestHolders: Math.min(...honest) },
  });
});
