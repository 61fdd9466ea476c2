/** `start-node`, `web-ui` and `network start|stop|status` with real processes on ephemeral ports. */
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { startOf } from '../../cli/network/process-identity.ts';
import { CliUser } from '../helpers/cli.ts';
import { freeUdpPort } from '../helpers/relays.ts';

interface NodeJson {
  name: string;
  pid: number;
  port: number;
  running: boolean;
}

async function newUser(): Promise<CliUser> {
  const user = await CliUser.create();
  onTestFinished(async () => {
    await user.run('network', 'stop');
    await user[Symbol.asyncDispose]();
  });
  return user;
}

async function statusOf(user: CliUser): Promise<{ code: number | null; nodes: NodeJson[] }> {
  const { code, stdout } = await user.run('network', 'status', '--json');
  return { code, nodes: (JSON.parse(stdout) as { nodes: NodeJson[] }).nodes };
}

test('a network starts, tells its state, heals by starting again, and stops without a trace', async () => {
  const user = await newUser();
  const start = [
    'network',
    'start',
    '--nodes',
    '2',
    '--base-port',
    '0',
    '--web-port',
    '0',
    '--tls',
    '--tls-port',
    '0',
    '--discovery-port',
  ];
  start.push(String(await freeUdpPort()));
  const first = await user.run(...start);
  expect(first, first.stderr).toMatchObject({ code: 0 });
  const url = /Open (http:\/\/localhost:\d+)/.exec(first.stdout)?.[1] ?? '';
  expect((await fetch(`${url}/status`)).status).toBe(200);
  expect((await readdir(user.path('logs'))).sort()).toEqual(['relay-0.log', 'relay-1.log', 'web-ui.log']);

  const before = await statusOf(user);
  expect(before.code).toBe(0);
  expect(before.nodes.map(({ name }) => name)).toEqual(['relay-0', 'relay-1', 'web-ui']);
  const [victim, bystander] = before.nodes;
  if (victim === undefined || bystander === undefined) throw new Error('Two relays were to be running.');

  const other = await user.run('network', 'start', '--nodes', '1', '--base-port', '0', '--web-port', '0');
  expect(other.code).toBe(8);
  expect(other.stderr).toMatch(/network stop/);

  process.kill(victim.pid, 'SIGKILL');
  const hurt = await statusOf(user);
  expect(hurt.code).toBe(4);
  expect(hurt.nodes.filter(({ running }) => !running).map(({ name }) => name)).toEqual(['relay-0']);

  const again = await user.run(...start, '--json');
  const report = JSON.parse(again.stdout) as { https_port: number; authority: string };
  expect(report, again.stderr).toMatchObject({ launched: 1, relays: 2, url });
  // Phones: the web UI's authority lies beside the relays' data, and stays when these go.
  const authority = await readFile(user.path('network_data/tls/authority.pem'));
  expect(new X509Certificate(authority).fingerprint256).toBe(report.authority);
  expect(first.stdout).toContain(report.authority);
  expect(first.stderr).toContain('--host 0.0.0.0');
  const socket = connect({ host: '127.0.0.1', port: report.https_port, ca: authority });
  await once(socket, 'secureConnect');
  socket.destroy();
  const healed = await statusOf(user);
  expect(healed.code).toBe(0);
  expect(healed.nodes.find(({ name }) => name === 'relay-1')?.pid).toBe(bystander.pid);

  const stop = await user.run('network', 'stop', '--clean');
  expect(stop, stop.stderr).toMatchObject({ code: 0 });
  const alive = await Promise.all(healed.nodes.map(({ pid }) => startOf(pid)));
  expect(alive).toEqual([null, null, null]);
  expect(await readdir(user.path('logs'))).toEqual([]);
  expect(await readdir(user.path('network_data'))).toEqual(['network.lock', 'tls']);
  expect(await user.run('network', 'stop')).toMatchObject({ code: 0, stdout: 'No network is running.\n' });
});

test('a taken port is named, and nothing is left running', async () => {
  const user = await newUser();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const start = await user.run(
    'network',
    'start',
    '--nodes',
    '1',
    '--base-port',
    String(port),
    '--web-port',
    '0',
  );
  expect(start.code).toBe(8);
  expect(start.stderr).toMatch(new RegExp(`port ${port}\\.`));
  expect((await statusOf(user)).nodes).toEqual([]);
});

test('start-node is the relay itself: its ready line, its flags, its exit code', async () => {
  const user = await newUser();
  const child = user.spawn(
    'start-node',
    '--port',
    '0',
    '--host',
    '127.0.0.1',
    '--discovery-port',
    '0',
    '--storage-dir',
    'store',
  );
  if (child.stdout === null) throw new Error('No output.');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const ready = JSON.parse(line) as { event: string; port: number };
  expect(ready.event).toBe('ready');
  const status = (await (await fetch(`http://127.0.0.1:${ready.port}/status`)).json()) as {
    capacity: number;
  };
  expect(status.capacity).toBe(10 * 2 ** 30);
  expect(await readdir(user.path('store'))).toContain('identity.key');
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);

  const wrong = await user.run('start-node', '--port', '0', '--capacity', 'lots');
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toMatch(/--capacity/);
});

test('web-ui is a relay that stores nothing', async () => {
  const user = await newUser();
  const child = user.spawn('web-ui', '--port', '0', '--host', '127.0.0.1', '--discovery-port', '0');
  if (child.stdout === null) throw new Error('No output.');
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { port } = JSON.parse(line) as { port: number };
  const status = (await (await fetch(`http://127.0.0.1:${port}/status`)).json()) as { capacity: number };
  expect(status.capacity).toBe(0);
  const exit = once(child, 'exit');
  child.kill('SIGINT');
  expect(await exit).toEqual([0, null]);
  expect(await readFile(user.path('network_data/web-ui/identity.key'))).not.toHaveLength(0);
});
