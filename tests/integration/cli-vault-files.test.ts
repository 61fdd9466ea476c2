/** Files by their place in the vault's list, links, health, pipes and folders: the real command line on real relays. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import type { CliResult } from '../helpers/cli.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelaySwarm } from '../helpers/relays.ts';

let swarm: RelaySwarm;
let user: CliUser;
let entry: string[];
beforeAll(async () => {
  swarm = await startRelays(6);
  entry = swarm.relays.flatMap(({ url }) => ['--entry-node', url]);
  user = await CliUser.create();
}, 120_000);
afterAll(async () => {
  await user[Symbol.asyncDispose]();
  await swarm[Symbol.asyncDispose]();
});

async function run(...args: readonly string[]): Promise<CliResult> {
  const result = await user.run(...args);
  expect(result.code, `${args.join(' ')}: ${result.stderr}`).toBe(0);
  return result;
}

const json = ({ stdout }: CliResult): Record<string, unknown> =>
  JSON.parse(stdout) as Record<string, unknown>;
const paths = async (...args: string[]): Promise<string[]> =>
  (json(await run('list', '--json', ...args))['files'] as { path: string }[]).map(({ path }) => path);

it('a pipe goes in and comes out, by its name in the list, and its link and health are told', async () => {
  const text = 'a line of a long log\n'.repeat(120_000);
  const stored = await user.runWithInput(
    text,
    'distribute',
    '-',
    '--name',
    'logs/app.log',
    '-m',
    '-',
    ...entry,
  );
  expect(stored.code, stored.stderr).toBe(0);
  // stdout is the manifest and nothing else.
  expect(json(stored)).toMatchObject({ filename: 'logs/app.log', size: text.length });
  await writeFile(user.path('app.manifest'), stored.stdout);
  expect(await readdir(user.path('data/lanvault'))).not.toContainEqual(expect.stringContaining('.spool'));

  const back = await run('reconstruct', 'logs/app.log', '-', ...entry);
  expect(createHash('sha256').update(back.stdout).digest('hex')).toBe(
    createHash('sha256').update(text).digest('hex'),
  );

  // The same stream again is the same upload gone on with, or a new one: never a wrong one.
  const shared = json(await run('share', 'logs/app.log', '--json', '--web', swarm.entry.url));
  const { link, web_link: webLink } = shared as { link: string; web_link: string };
  expect(webLink).toBe(`${swarm.entry.url}/#/open/${link.slice('lanvault:'.length).replace('#', '.')}`);
  expect(json(await run('share', 'app.manifest', '--json'))).toEqual({
    name: 'logs/app.log',
    link,
    web_link: null,
  });
  expect((await run('share', link, '--qr')).stdout.split('\n').length).toBeGreaterThan(20);
  const other = await CliUser.create();
  try {
    const read = await other.run('reconstruct', webLink, 'copy', ...entry);
    expect(read.code, read.stderr).toBe(0);
    expect(await readFile(other.path('copy'), 'utf8')).toBe(text);
    // Whoever has only the manifest can pass it on, and the link is theirs.
    await writeFile(other.path('app.manifest'), stored.stdout);
    expect((await other.run('share', 'app.manifest')).code).toBe(2);
    const passed = json(await other.run('share', 'app.manifest', '--json', ...entry));
    expect(passed['link']).not.toBe(link);
    expect((await other.run('rm', 'logs/app.log', '--yes', ...entry)).code).toBe(9);
    expect((await other.run('rm', 'logs/app.log', '--yes', '--list-only')).code).toBe(0);
    expect((await other.run('list')).stdout).not.toContain('app.log');
    expect((await other.run('health', String(passed['link']), ...entry)).code).toBe(0);
  } finally {
    await other[Symbol.asyncDispose]();
  }

  const well = json(await run('health', 'logs/app.log', '--json', ...entry));
  expect(well).toMatchObject({ lost: 0, short: 0, fewest_copies: 5, spare_relays: 4, spare_hosts: 0 });
  const held = well['relays'] as { relay: string; chunks: number }[];
  expect(held.reduce((sum, { chunks }) => sum + chunks, 0)).toBe(5 * Number(well['chunks']));
});

it('folders of the list: made, moved into, renamed and removed for everybody', async () => {
  await mkdir(user.path('trip'));
  await writeFile(user.path('trip/a.txt'), 'one');
  await writeFile(user.path('trip/b.txt'), 'two');
  await run('distribute', '-r', 'trip', ...entry);
  await run('mkdir', 'photos/2026');
  expect(json(await run('list', '--json'))['empty_folders']).toEqual(['photos/2026']);
  await run('mv', 'trip/a.txt', 'photos/2026');
  await run('mv', 'photos', 'pictures', ...entry);
  expect(await paths('pictures')).toEqual(['pictures/2026/a.txt']);
  expect(json(await run('list', '--json', ...entry))['published']).toBe(true);

  for (const [args, code] of [
    [['mv', 'trip/b.txt', 'pictures/2026/a.txt'], 8],
    [['mv', 'pictures', 'pictures/2026'], 2],
    [['mv', 'nothing', 'pictures'], 5],
    [['mkdir', 'trip/b.txt/c'], 8],
    [['rm', 'pictures', '--yes', ...entry], 2],
    [['rm', 'pictures/2026/a.txt', '--yes'], 2],
    [['list', 'nowhere'], 5],
  ] as const) {
    const refused = await user.run(...args);
    expect(refused.code, `${args.join(' ')}: ${refused.stderr}`).toBe(code);
    expect(refused.stderr.trimEnd().split('\n')).toHaveLength(1);
  }

  await run('rm', '-r', 'pictures', '--yes', ...entry);
  expect(await paths()).toEqual(['logs/app.log', 'trip/b.txt']);
  const gone = await user.run('reconstruct', 'manifests/trip/a.txt.manifest', 'a', ...entry);
  expect(gone.code).toBe(5);
  await run('reconstruct', 'trip/b.txt', 'b', ...entry);
});

it('health tells when copies are missing, and when a chunk cannot be read', async () => {
  await user.run('distribute', 'app.manifest', '-m', 'local.manifest');
  const dead = (count: number): string[] =>
    Array.from({ length: count }, (_, i) => ['--kill-node', `node_${String(i)}`]).flat();
  const short = await user.run('health', 'local.manifest', '--json', ...dead(7));
  expect(short.code === 3 || short.code === 5, short.stderr).toBe(true);
  const lost = await user.run('health', 'local.manifest', ...dead(10));
  expect(lost.code, lost.stderr).toBe(5);
  expect(lost.stdout).toContain('on no node that answers');
});
