/** The vault's index over real relays and the real command line: 24 words bring everything back, and devices lose nothing. */
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import type { CliResult } from '../helpers/cli.ts';
import { LeakScanner } from '../helpers/leak-scanner.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelaySwarm } from '../helpers/relays.ts';

const FILES: Readonly<Record<string, string>> = {
  'trip/day one/harbour at dawn.txt': 'The boats leave before anybody is awake.\n'.repeat(50),
  'trip/day two/mountain ridge walk.txt': 'Nine hours, two of them in the rain.\n'.repeat(400),
  'trip/packing list for everybody.txt': 'Rope, lamp, bread.\n',
};

interface Listed {
  readonly files: readonly { readonly path: string; readonly link?: string; readonly manifest_id: string }[];
  readonly devices: number;
  readonly unread: number;
}

let swarm: RelaySwarm;
let entry: string[];
const users: CliUser[] = [];
beforeAll(async () => {
  swarm = await startRelays(6);
  entry = swarm.relays.flatMap(({ url }) => ['--entry-node', url]);
}, 120_000);
afterAll(async () => {
  for (const user of users) await user[Symbol.asyncDispose]();
  await swarm[Symbol.asyncDispose]();
});

async function newUser(): Promise<CliUser> {
  const user = await CliUser.create();
  users.push(user);
  return user;
}

async function run(user: CliUser, ...args: readonly string[]): Promise<CliResult> {
  const result = await user.run(...args);
  expect(result.code, `${args.join(' ')}: ${result.stderr}`).toBe(0);
  return result;
}

async function listOf(user: CliUser, ...args: readonly string[]): Promise<Listed> {
  return JSON.parse((await run(user, 'list', '--json', '--links', ...args)).stdout) as Listed;
}

async function phraseOf(user: CliUser): Promise<string> {
  const { stdout } = await run(user, 'vault', 'phrase', '--yes', '--json');
  return (JSON.parse(stdout) as { phrase: string }).phrase;
}

/** Types the words into the command. */
async function restore(user: CliUser, typed: string, ...args: readonly string[]): Promise<CliResult> {
  return user.runWithInput(typed, 'vault', 'restore', ...args);
}

const paths = ({ files }: Listed): string[] => files.map((file) => file.path);

it('24 words and the relays bring every file and folder back on a new device', async () => {
  const owner = await newUser();
  for (const [name, content] of Object.entries(FILES)) {
    await mkdir(path.dirname(owner.path(name)), { recursive: true });
    await writeFile(owner.path(name), content);
  }
  const stored = await run(owner, 'distribute', '-r', 'trip', ...entry);
  expect(stored.stderr).toBe('');
  expect(paths(await listOf(owner))).toEqual(Object.keys(FILES).sort());

  // A script has to say that it wants to see them.
  const unasked = await owner.run('vault', 'phrase');
  expect([unasked.code, unasked.stdout]).toEqual([2, '']);
  const phrase = await phraseOf(owner);
  expect(phrase.split(' ')).toHaveLength(24);

  const fresh = await newUser();
  const words = phrase.split(' ');
  const wrong = await restore(fresh, [...words.slice(0, 23), 'lanvault'].join(' '), ...entry);
  expect([wrong.code, wrong.stdout]).toEqual([2, '']);
  expect(wrong.stderr).toContain('Word 24');
  const restored = await restore(
    fresh,
    `${phrase.toUpperCase().replaceAll(' ', '\n')}\n`,
    '--json',
    ...entry,
  );
  expect(restored.code, restored.stderr).toBe(0);
  expect(JSON.parse(restored.stdout)).toEqual({ restored: true, files: 3, devices: 1, unread: 0 });
  const listed = await listOf(fresh);
  expect(paths(listed)).toEqual(Object.keys(FILES).sort());
  for (const { path: name, link = '' } of listed.files) {
    await run(fresh, 'reconstruct', link, 'back', '--force', ...entry);
    expect(await readFile(fresh.path('back'), 'utf8')).toBe(FILES[name]);
  }

  // Nothing on the relays tells any of it.
  const secrets = [
    ...Object.keys(FILES).flatMap((name) => name.split('/').slice(1)),
    ...[
      phrase,
      words.slice(0, 4).join(' '),
      ...listed.files.map(({ link = '' }) => link.split('#')[1] ?? ''),
    ],
  ];
  const scanner = new LeakScanner(
    Object.values(FILES).map((text) => Buffer.from(text)),
    secrets.map((secret) => ({ label: secret, bytes: Buffer.from(secret) })),
  );
  const leaks = [];
  for (const name of await readdir(swarm.dir, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const place = path.join(name.parentPath, name.name);
    leaks.push(...scanner.scan(place, await readFile(place)));
  }
  expect(leaks).toEqual([]);

  // Another vault is not overwritten, its own words are no news.
  const other = await newUser();
  await run(other, 'vault', 'phrase', '--yes');
  expect((await restore(other, phrase)).code).toBe(8);
  expect((await restore(fresh, phrase)).code).toBe(0);
});

it('two devices that change the vault at the same time lose nothing, with a relay away', async () => {
  const [a, b] = [await newUser(), await newUser()];
  const phrase = await phraseOf(a);
  expect((await restore(b, phrase)).code).toBe(0);
  await swarm.relays[5]?.kill();
  await writeFile(a.path('from a.txt'), 'a\n');
  await writeFile(b.path('from b.txt'), 'b\n');
  // Neither has published before.
  await Promise.all([
    run(a, 'distribute', 'from a.txt', ...entry),
    run(b, 'distribute', 'from b.txt', ...entry),
  ]);
  const expected = ['from a.txt', 'from b.txt'];
  const third = await newUser();
  const restored = await restore(third, phrase, '--json', ...entry);
  expect(JSON.parse(restored.stdout)).toEqual({ restored: true, files: 2, devices: 2, unread: 0 });
  for (const user of [a, b, third]) expect(paths(await listOf(user, ...entry))).toEqual(expected);

  // One deletes while the other adds.
  await writeFile(b.path('more from b.txt'), 'b2\n');
  await Promise.all([
    run(a, 'delete', 'manifests/from a.txt.manifest', '--yes', ...entry),
    run(b, 'distribute', 'more from b.txt', ...entry),
  ]);
  for (const user of [a, b, third])
    expect(paths(await listOf(user, ...entry))).toEqual(['from b.txt', 'more from b.txt']);

  // What the index needs is no orphan, nor what its files need, whose journals may be lost. While relays still name one that is
  // dead, nobody knows what it holds, and prune refuses.
  await swarm.settled();
  const prune = await b.run('prune', '--dry-run', '--json', '--ignore-absent', ...entry);
  expect(JSON.parse(prune.stdout)).toMatchObject({ orphans: [], young: 0 });
  for (const name of await readdir(b.path('data/lanvault/journals')))
    await rm(b.path(`data/lanvault/journals/${name}`));
  const unjournaled = await b.run('prune', '--dry-run', '--json', '--ignore-absent', ...entry);
  expect(JSON.parse(unjournaled.stdout)).toMatchObject({ orphans: [], young: 0 });
  await rm(b.path('data/lanvault/vault-index.sqlite'));
  const without = await b.run('prune', '--dry-run', '--json', '--ignore-absent', ...entry);
  expect((JSON.parse(without.stdout) as { young: number }).young).toBeGreaterThan(0);
});
