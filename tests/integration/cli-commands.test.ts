/**
 * The command line on a network that it has started itself: failures on order, really dead and really slow processes; and every command
 * with `--json`, one object a line, of the shape that docs/cli.md gives.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startOf } from '../../cli/network/process-identity.ts';
import { readState } from '../../cli/network/state.ts';
import { callCli, useHome } from '../helpers/cli-call.ts';
import { CliUser } from '../helpers/cli.ts';
import { documentedShapes, readCliReference, shapeFault } from '../helpers/cli-reference.ts';
import type { DocumentedShape } from '../helpers/cli-reference.ts';
import { commandsOf, programTree } from '../helpers/cli-tree.ts';
import { freeUdpPort } from '../helpers/relays.ts';
import { until } from '../helpers/until.ts';

type Row = Record<string, unknown>;

interface NodeJson {
  name: string;
  pid: number;
  port: number;
  running: boolean;
  killed: boolean;
  slow_ms: number | null;
}

/** The state letter of proc(5): T for stopped. */
async function stateOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
}

const RELAYS = 6;

const names = commandsOf(programTree()).map(({ path }) => path.join(' '));
const called = new Set<string>();
let shapes: Map<string, DocumentedShape[]>;
let user: CliUser;
let data: string[];
let place: string[];
let url: unknown;

beforeAll(async () => {
  shapes = documentedShapes(await readCliReference());
  user = await CliUser.create();
  useHome(user.path('data'));
  vi.stubEnv('INIT_CWD', user.dir);
  data = ['--data-dir', user.path('network_data')];
  place = [...data, '--log-dir', user.path('logs')];
  const ports = ['--base-port', '0', '--web-port', '0', '--discovery-port', String(await freeUdpPort())];
  ({ url } = await call('network', 'start', '--nodes', String(RELAYS), ...ports, ...place));
});
afterAll(async () => {
  await user.run('network', 'stop', ...place);
  await user[Symbol.asyncDispose]();
  vi.unstubAllEnvs();
});

/** The objects that were printed, each of a shape that is documented for the command. */
function read(
  args: readonly string[],
  { code, stdout, stderr }: { code: number | null; stdout: string; stderr: string },
): Row[] {
  const line = args.join(' ');
  expect(code, `${line}: ${stderr}`).toBe(0);
  const name = names.find((each) => `${line} `.startsWith(`${each} `)) ?? '';
  called.add(name);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as Row);
  for (const row of rows) expect(shapeFault(row, shapes.get(name)), line).toBeNull();
  return rows;
}

async function call(...args: readonly string[]): Promise<Row> {
  const [row] = read(args, await callCli([...args, '--json']));
  if (row === undefined) throw new Error('One object at least.');
  return row;
}

const nodes = async (): Promise<NodeJson[]> => {
  const { stdout } = await callCli(['network', 'status', '--json', ...data]);
  return (JSON.parse(stdout) as { nodes: NodeJson[] }).nodes;
};

test('relays are killed and slowed on order, told apart from accidents, and brought back as they were', async () => {
  const before = await nodes();
  const [first, second, third] = before;
  if (first === undefined || second === undefined || third === undefined) throw new Error('Three relays.');
  expect(await call('network', 'kill', 'relay-0', ...data)).toEqual({ killed: ['relay-0'] });
  expect(await startOf(first.pid)).toBeNull();
  const one = await callCli(['network', 'status', ...data]);
  expect(one.code).toBe(4);
  expect(one.stdout).toMatch(/relay-0 .* killed/);

  const slow = await call('network', 'slow', String(second.port), '--delay', '400', ...data);
  expect(slow).toEqual({ slow: ['relay-1'], delay_ms: 400 });
  for (const letter of ['T', 'S', 'T'])
    await until(
      async () => ((await stateOf(second.pid)) === 'T') === (letter === 'T'),
      `the slow relay is in state ${letter}`,
    );
  expect(await stateOf(third.pid)).not.toBe('T');
  const hurt = await nodes();
  expect(hurt.filter(({ killed }) => killed).map(({ name }) => name)).toEqual(['relay-0']);
  expect(hurt.filter(({ slow_ms: delay }) => delay === 400).map(({ name }) => name)).toEqual(['relay-1']);
  const freezer = (await readState(user.path('network_data')))?.freezer;
  expect(freezer?.pid).toBeGreaterThan(1);

  expect(await call('network', 'revive', ...place)).toEqual({ revived: ['relay-0', 'relay-1'] });
  expect(await startOf(freezer?.pid ?? 0)).toBeNull();
  expect(await stateOf(second.pid)).not.toBe('T');
  const after = await nodes();
  expect(after.map(({ name, port }) => [name, port])).toEqual(before.map(({ name, port }) => [name, port]));
  expect(after.every(({ running, killed, slow_ms: delay }) => running && !killed && delay === null)).toBe(
    true,
  );
  expect((await call('network', 'status', ...data))['running']).toBe(true);
});

test('each command prints what is documented, and nothing else', async () => {
  await writeFile(user.path('a.txt'), 'a note\n'.repeat(500));
  await writeFile(user.path('b.txt'), 'another\n'.repeat(500));
  await call('completion', 'bash');
  await call('swarm-key', 'lab.key');
  const entry = ['--entry-node', String(url)];

  const stored = await call('distribute', 'a.txt', '--publish', '--yes', ...entry);
  expect(stored['published']).toMatch(/^[0-9a-f]{64}$/);
  await call('distribute', 'b.txt', ...entry);
  await call('list');
  const { files } = await call('list', '--links', ...entry);
  const { link } = await call('share', 'a.txt', ...entry);
  expect((files as Row[]).map((file) => file['link'])).toContain(link);
  expect(await call('health', 'a.txt', ...entry)).toMatchObject({ lost: 0, short: 0 });
  expect((await call('visualize', ...entry))['relays']).toHaveLength(RELAYS + 1);
  expect((await call('visualize', 'a.txt', ...entry))['copies']).toHaveLength(1);
  expect(await call('visualize', '-o', 'network.svg', ...entry)).toMatchObject({ format: 'svg' });
  expect(await call('visualize', 'a.txt', '-o', 'file.json', ...entry)).toMatchObject({ format: 'json' });
  await call('reconstruct', 'a.txt', 'a.copy', ...entry);
  await call('export', 'manifests/a.txt.manifest', '--owner', ...entry);
  await call('mkdir', 'notes');
  await call('mv', 'b.txt', 'notes', ...entry);
  expect(await call('rm', 'notes', '-r', '--yes', ...entry)).toMatchObject({ already: false, pending: [] });
  await call('mkdir', 'empty');
  expect(await call('rm', 'empty', '--yes', '--list-only')).toEqual({ path: 'empty', removed: 0 });
  expect((await call('catalog', 'list', ...entry))['entries']).toHaveLength(1);
  await call('catalog', 'search', 'a', ...entry);
  await call('catalog', 'get', 'a.txt', 'a.got', ...entry);
  await call('catalog', 'unpublish', 'a.txt', ...entry);
  await call('catalog', 'publish', 'manifests/a.txt.manifest', '--yes', ...entry);
  await call('prune', '--dry-run', ...entry);

  const { phrase } = await call('vault', 'phrase', '--yes');
  await using other = await CliUser.create();
  const restore = ['vault', 'restore', ...entry, '--json'];
  expect(read(restore, await other.runWithInput(String(phrase), ...restore))[0]).toMatchObject({ files: 1 });

  expect(await call('delete', 'manifests/a.txt.manifest', '--yes', ...entry)).toMatchObject({
    already: false,
  });
  expect(await call('delete', 'manifests/a.txt.manifest', '--yes', ...entry)).toMatchObject({
    already: true,
  });
  expect((await call('repair', 'relay-1', ...data))['relays']).toHaveLength(1);
  expect(await call('unjoin', 'relay-5', '--yes', ...data)).toMatchObject({ left: true });
  const fsck = ['fsck', '--storage-dir', user.path('network_data/relay-5'), '--json'];
  // Slow ones too end with the network, and with them what slows them down.
  await call('network', 'slow', '2', '--delay', '2000', ...data);
  const last = (await readState(user.path('network_data')))?.freezer;
  const ended = await nodes();
  const { stopped, gone, killed } = await call('network', 'stop', ...place);
  expect([Number(stopped) + Number(gone), killed]).toEqual([RELAYS + 1, 0]);
  const left = await Promise.all([...ended, { pid: last?.pid ?? 0 }].map(({ pid }) => startOf(pid)));
  expect(left.every((identity) => identity === null)).toBe(true);
  expect(read(fsck, await user.run(...fsck))[0]).toMatchObject({ sound: true });

  expect([...shapes.keys()].filter((name) => !called.has(name))).toEqual([]);
});
