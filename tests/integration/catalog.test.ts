/** The public catalog over real relays and the real command line: published anywhere, seen everywhere, gone everywhere. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CatalogPage } from '../../shared/protocol/catalog-routes.ts';
import { parseWith } from '../../shared/protocol/schemas.ts';
import { CliUser } from '../helpers/cli.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelayProcess, RelaySwarm } from '../helpers/relays.ts';
import { until } from '../helpers/until.ts';

const CONTENT = 'Read me, whoever you are.\n';
let swarm: RelaySwarm;
let owner: CliUser;
let stranger: CliUser;
beforeAll(async () => {
  swarm = await startRelays(6);
  [owner, stranger] = [await CliUser.create(), await CliUser.create()];
}, 120_000);
afterAll(async () => {
  await owner[Symbol.asyncDispose]();
  await stranger[Symbol.asyncDispose]();
  await swarm[Symbol.asyncDispose]();
});

async function pageAt(relay: RelayProcess): Promise<CatalogPage | null> {
  const answer = await fetch(`${relay.url}/catalog`);
  return answer.ok ? parseWith(CatalogPage, await answer.json(), 'The catalog') : null;
}

async function namesAt(relay: RelayProcess): Promise<string[] | null> {
  const page = await pageAt(relay);
  return page === null || page.unreachable > 0 ? null : page.entries.map(({ name }) => name);
}

async function everywhere(names: readonly string[]): Promise<void> {
  const live = swarm.relays.filter((relay) => relay.alive);
  const expected = JSON.stringify(names);
  const agreed = async (): Promise<boolean> =>
    (await Promise.all(live.map(namesAt))).every((seen) => JSON.stringify(seen) === expected);
  await until(agreed, `every relay lists ${expected}`);
}

it('shows a publication on every relay, to strangers too, and takes it back for good', async () => {
  const [a, b, c] = swarm.relays;
  if (a === undefined || b === undefined || c === undefined) throw new Error('No relays.');
  await writeFile(owner.path('open <b>.txt'), CONTENT);
  const at = (relay: RelayProcess): string[] => ['--entry-node', relay.url];

  // Publishing is never an accident: a script has to say so.
  const unasked = await owner.run('distribute', 'open <b>.txt', '--publish', ...at(a));
  expect([unasked.code, unasked.stdout]).toEqual([2, '']);
  expect(unasked.stderr).toContain('anyone on the swarm can find and read');
  await everywhere([]);

  const stored = await owner.run('distribute', 'open <b>.txt', ...at(a));
  expect([stored.code, stored.stderr]).toEqual([0, '']);
  await everywhere([]);
  const published = await owner.run(
    'catalog',
    'publish',
    'manifests/open <b>.txt.manifest',
    '--yes',
    '--json',
    ...at(a),
  );
  expect(published.code, published.stderr).toBe(0);
  const { id, holders } = JSON.parse(published.stdout) as { id: string; holders: number };
  expect(holders).toBe(5);
  await everywhere(['open <b>.txt']);

  // Whatever happens to the relays' processes.
  await Promise.all(swarm.relays.map((relay) => relay.kill()));
  for (const [index, relay] of swarm.relays.entries()) swarm.relays[index] = await relay.restart();
  await swarm.settled();
  await everywhere(['open <b>.txt']);

  const found = await stranger.run('catalog', 'search', 'OPEN', '--json', ...at(b));
  expect(JSON.parse(found.stdout)).toMatchObject({
    entries: [{ id, name: 'open <b>.txt', size: CONTENT.length }],
  });
  const got = await stranger.run('catalog', 'get', id.slice(0, 12), 'copy.txt', ...at(c));
  expect(got.code, got.stderr).toBe(0);
  expect(await readFile(stranger.path('copy.txt'), 'utf8')).toBe(CONTENT);

  const notTheirs = await stranger.run('catalog', 'unpublish', id, ...at(b));
  expect(notTheirs.code).toBe(5);
  expect(notTheirs.stderr).toContain('only the vault that published it');

  // What is published is nothing to prune.
  const prune = await owner.run('prune', '--dry-run', '--json', ...at(b));
  expect(prune.code, prune.stderr).toBe(0);

  const row = (await pageAt(b))?.entries.find((entry) => entry.id === id);
  const away = swarm.relays.at(-1);
  if (row === undefined || away === undefined) throw new Error('The publication is not there.');
  await away.kill();
  const undone = await owner.run('catalog', 'unpublish', 'open <b>.txt', ...at(b));
  expect(undone.code, undone.stderr).toBe(0);
  await everywhere([]);
  swarm.relays[swarm.relays.length - 1] = await away.restart();
  await swarm.settled();
  await everywhere([]);
  const { public_key, value, signature } = row;
  const replayed = await fetch(`${a.url}/catalog`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ public_key, value, signature }),
  });
  expect(replayed.status).toBe(410);
  await everywhere([]);
}, 300_000);
