/** `network kill`, `slow` and `revive` on a running network: real processes, really dead and really slow. */
import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startOf } from '../../cli/network/process-identity.ts';
import { readState } from '../../cli/network/state.ts';
import { CliUser } from '../helpers/cli.ts';
import { freeUdpPort } from '../helpers/relays.ts';
import { until } from '../helpers/until.ts';

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

test('relays are killed and slowed on order, told apart from accidents, and brought back as they were', async () => {
  const user = await CliUser.create();
  onTestFinished(async () => {
    await user.run('network', 'stop');
    await user[Symbol.asyncDispose]();
  });
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await user.run(...args, '--json');
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const nodes = async (): Promise<NodeJson[]> =>
    (JSON.parse((await user.run('network', 'status', '--json')).stdout) as { nodes: NodeJson[] }).nodes;
  const discovery = String(await freeUdpPort());
  await json(
    'network',
    'start',
    '--nodes',
    '3',
    '--base-port',
    '0',
    '--web-port',
    '0',
    '--discovery-port',
    discovery,
  );
  const before = await nodes();
  const [first, second, third] = before;
  if (first === undefined || second === undefined || third === undefined) throw new Error('Three relays.');
  expect(await json('network', 'kill', 'relay-0')).toEqual({ killed: ['relay-0'] });
  expect(await startOf(first.pid)).toBeNull();
  const one = await user.run('network', 'status');
  expect(one.code).toBe(4);
  expect(one.stdout).toMatch(/relay-0 .* killed/);

  expect(await json('network', 'slow', String(second.port), '--delay', '400')).toMatchObject({
    slow: ['relay-1'],
  });
  for (const letter of ['T', 'S', 'T'])
    await until(
      async () =>
        letter === 'T' ? (await stateOf(second.pid)) === 'T' : (await stateOf(second.pid)) !== 'T',
      `the slow relay is in state ${letter}`,
    );
  expect(await stateOf(third.pid)).not.toBe('T');
  const hurt = await nodes();
  expect(hurt.map(({ killed }) => killed)).toEqual([true, false, false, false]);
  expect(hurt.map(({ slow_ms }) => slow_ms)).toEqual([null, 400, null, null]);
  const freezer = (await readState(user.path('network_data')))?.freezer;
  expect(freezer?.pid).toBeGreaterThan(1);

  expect((await json('network', 'revive'))['revived']).toEqual(['relay-0', 'relay-1']);
  expect(await startOf(freezer?.pid ?? 0)).toBeNull();
  expect(await stateOf(second.pid)).not.toBe('T');
  const after = await nodes();
  expect(after.map(({ name, port }) => [name, port])).toEqual(before.map(({ name, port }) => [name, port]));
  expect(after.every(({ running, killed, slow_ms }) => running && !killed && slow_ms === null)).toBe(true);

  // A network that is stopped while some are slow leaves nothing behind.
  await json('network', 'slow', '2', '--delay', '2000');
  const last = (await readState(user.path('network_data')))?.freezer;
  expect(await json('network', 'stop')).toMatchObject({ stopped: 4, killed: 0 });
  const left = await Promise.all([...after, { pid: last?.pid ?? 0 }].map(({ pid }) => startOf(pid)));
  expect(left.every((identity) => identity === null)).toBe(true);
});
