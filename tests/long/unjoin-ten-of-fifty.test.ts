/** Ten of fifty relay processes leave one after another while files go up: no chunk ever has fewer than five replicas. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeRandomFile } from '../helpers/files.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelaySwarm } from '../helpers/relays.ts';
import { holdersOfAll } from '../helpers/stored-chunks.ts';

const RELAYS = 50;
const LEAVING = 10;
const MIB = 2 ** 20;
const FILE_MIB = 16;
const REPLICAS = 5;

interface Uploaded {
  readonly file: string;
  readonly manifest: string;
  readonly ids: readonly string[];
}

async function upload(user: CliUser, entry: readonly string[], name: string): Promise<Uploaded> {
  const file = user.path(name);
  const manifest = `${file}.manifest`;
  await writeRandomFile(file, FILE_MIB * MIB);
  const stored = await user.run('distribute', file, ...entry, '-m', manifest);
  expect(stored, stored.stderr).toMatchObject({ code: 0 });
  const { chunks } = JSON.parse(await readFile(manifest, 'utf8')) as { chunks: { id: string }[] };
  return { file, manifest, ids: chunks.map(({ id }) => id) };
}

/** The fewest chunk files that any of these ids has on the disks of running relays. */
async function fewest(swarm: RelaySwarm, ids: readonly string[]): Promise<number> {
  const holders = await holdersOfAll(swarm.relays.filter(({ alive }) => alive).map(({ dir }) => dir));
  return Math.min(...ids.map((id) => holders.get(id)?.length ?? 0));
}

test('unjoin of 10 of 50 relays under upload load', async () => {
  await using swarm = await startRelays(RELAYS);
  await using user = await CliUser.create();
  const entry = ['--entry-node', swarm.entry.url];
  const files = [await upload(user, entry, 'before.bin')];

  const leaving = new AbortController();
  const load = (async () => {
    for (let i = 0; !leaving.signal.aborted; i++)
      files.push(await upload(user, entry, `during-${String(i)}.bin`));
  })();
  const lows: number[] = [];
  const watch = (async () => {
    while (!leaving.signal.aborted) {
      const ids = files.flatMap((file) => file.ids);
      lows.push(await fewest(swarm, ids));
    }
  })();
  try {
    for (const relay of swarm.relays.slice(1, 1 + LEAVING)) {
      const left = await user.run('unjoin', '--storage-dir', relay.dir, '--yes');
      expect(left, left.stderr).toMatchObject({ code: 0 });
      expect((await holdersOfAll([relay.dir])).size).toBe(0);
    }
  } finally {
    leaving.abort();
    await Promise.all([load, watch]);
  }
  const ids = files.flatMap((file) => file.ids);
  lows.push(await fewest(swarm, ids));
  console.info({ files: files.length, chunks: ids.length, looks: lows.length, fewest: Math.min(...lows) });
  expect(Math.min(...lows)).toBeGreaterThanOrEqual(REPLICAS);
  for (const { file, manifest } of files) {
    const back = `${file}.back`;
    const restored = await user.run('reconstruct', manifest, back, ...entry);
    expect(restored, restored.stderr).toMatchObject({ code: 0 });
    expect(await sha256OfFile(back)).toBe(await sha256OfFile(file));
  }
});
