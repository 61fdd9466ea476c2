/**
 * Several hosts on one LAN, on this machine: network namespaces with a bridge between them, each with a machine id of its own.
 * Needs root and iproute2. All is gone when disposed, with the runner, or with the next use if the runner was killed.
 *
 *     await using lan = await Lan.create(2);
 *     const [a, b] = [await lan.host(0).startRelay(), await lan.host(1).startRelay()];
 *     lan.partition([[0], [1]]);
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { PeersPage } from '../../shared/protocol/routes.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import { REPO } from './programs.ts';
import { RelayProcess } from './relays.ts';
import { until } from './until.ts';

const PREFIX = 'lanvault';
const DISCOVERY_PORT = 9999;
/** Runs `$@` with the file `$0` in place of what tells a machine from others. */
const AS_MACHINE =
  'for f in /etc/machine-id /proc/sys/kernel/random/boot_id; do if [ -e $f ]; then mount --bind "$0" $f; fi; done; exec "$@"';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpInput {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal;
}

const lans = new Set<Lan>();
process.on('exit', () => {
  for (const lan of lans) lan.removeNow();
});

export class Lan implements AsyncDisposable {
  readonly dir: string;
  readonly #name: string;
  readonly #hosts: LanHost[] = [];
  #bridges = 0;

  private constructor(dir: string) {
    this.dir = dir;
    this.#name = `${PREFIX}-${processKey(process.pid) ?? 'none'}-${randomBytes(3).toString('hex')}`;
    lans.add(this);
  }

  /** `count` hosts that hear each other. Throws with what to do where namespaces cannot be made. */
  static async create(count: number): Promise<Lan> {
    sweep();
    const lan = new Lan(await mkdtemp(path.join(tmpdir(), 'lanvault-lan-')));
    try {
      lan.#addNamespace(lan.#switch);
      lan.#ensureBridges(1);
      for (let index = 0; index < count; index++) await lan.#addHost(index);
      return lan;
    } catch (cause) {
      await lan[Symbol.asyncDispose]();
      throw cause;
    }
  }

  get hosts(): readonly LanHost[] {
    return this.#hosts;
  }

  get relays(): RelayProcess[] {
    return this.#hosts.flatMap(({ relays }) => relays);
  }

  host(index: number): LanHost {
    const host = this.#hosts[index];
    if (host === undefined) throw new Error(`No host ${String(index)}.`);
    return host;
  }

  hostOf(relay: RelayProcess): LanHost {
    const host = this.#hosts.find(({ relays }) => relays.includes(relay));
    if (host === undefined) throw new Error('The relay is not on this LAN.');
    return host;
  }

  /** Only hosts of one group hear each other; each host is in one. */
  partition(groups: readonly (readonly number[])[]): void {
    this.#ensureBridges(groups.length);
    groups.forEach((hosts, group) => {
      for (const host of hosts) this.#plug(host, group);
    });
  }

  heal(): void {
    for (const { index } of this.#hosts) this.#plug(index, 0);
  }

  /** Waits until each live relay lists exactly those that are reachable from it. */
  async settled(
    groups: readonly (readonly number[])[] = [this.#hosts.map(({ index }) => index)],
  ): Promise<void> {
    const parts = groups.map((hosts) => hosts.flatMap((host) => this.host(host).relays));
    const lists = async (relays: readonly RelayProcess[]): Promise<boolean> => {
      const live = relays.filter(({ alive }) => alive);
      const expected = live.map(({ id }) => id).sort();
      const views = await Promise.all(live.map((relay) => this.hostOf(relay).peersOf(relay)));
      return views.every((ids) => ids.toSorted().join() === expected.join());
    };
    await until(
      async () => (await Promise.all(parts.map(lists))).every(Boolean),
      `the relays of ${JSON.stringify(groups)} know each other`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host[Symbol.asyncDispose]()));
    this.removeNow();
    await rm(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }

  removeNow(): void {
    lans.delete(this);
    for (const name of lanNamespaces()) if (name.startsWith(this.#name)) removeNamespace(name);
  }

  get #switch(): string {
    return `${this.#name}-switch`;
  }

  #addNamespace(name: string): void {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }

  async #addHost(index: number): Promise<void> {
    const namespace = `${this.#name}-${String(index)}`;
    const address = `10.77.0.${String(index + 1)}`;
    this.#addNamespace(namespace);
    const port = `port${String(index)}`;
    ip(
      ...['-n', this.#switch, 'link', 'add', port, 'type', 'veth'],
      ...['peer', 'name', 'eth0', 'netns', namespace],
    );
    ip('-n', namespace, 'addr', 'add', `${address}/24`, 'broadcast', '+', 'dev', 'eth0');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    ip('-n', this.#switch, 'link', 'set', port, 'up');
    this.#plug(index, 0);
    const dir = path.join(this.dir, `host-${String(index)}`);
    const machineFile = `${dir}.machine-id`;
    await writeFile(machineFile, `${randomBytes(16).toString('hex')}\n`);
    const within = ['ip', 'netns', 'exec', namespace, 'sh', '-c', AS_MACHINE, machineFile];
    this.#hosts.push(await LanHost.start({ index, address, dir, within }));
  }

  #ensureBridges(count: number): void {
    for (; this.#bridges < count; this.#bridges++) {
      const bridge = `bridge${String(this.#bridges)}`;
      ip('-n', this.#switch, 'link', 'add', bridge, 'type', 'bridge');
      ip('-n', this.#switch, 'link', 'set', bridge, 'up');
    }
  }

  #plug(host: number, bridge: number): void {
    ip('-n', this.#switch, 'link', 'set', `port${String(host)}`, 'master', `bridge${String(bridge)}`);
  }
}

interface HostOptions {
  readonly index: number;
  readonly address: string;
  readonly dir: string;
  /** Command that runs the one after it on this host. */
  readonly within: readonly string[];
}

export class LanHost implements AsyncDisposable {
  readonly index: number;
  /** IPv4. */
  readonly address: string;
  readonly relays: RelayProcess[] = [];
  readonly #options: HostOptions;
  readonly #door: ChildProcess;

  private constructor(options: HostOptions, door: ChildProcess) {
    this.#options = options;
    this.index = options.index;
    this.address = options.address;
    this.#door = door;
  }

  static async start(options: HostOptions): Promise<LanHost> {
    const door = spawnWithin(options, [
      process.execPath,
      path.join(REPO, 'tests/helpers/netns-door.ts'),
      socketOf(options),
    ]);
    const host = new LanHost(options, door);
    const ended = once(door, 'exit').then(() => {
      throw new Error('The door into a network namespace did not open.');
    });
    ended.catch(() => undefined);
    if (door.stdout === null) throw new Error('The door has no output.');
    await Promise.race([once(createInterface({ input: door.stdout }), 'line'), ended]);
    return host;
  }

  /** Command that runs the one after it on this host. */
  get within(): readonly string[] {
    return this.#options.within;
  }

  /** A relay that is found by broadcast only, on all addresses of the host. */
  async startRelay(extraArgs: readonly string[] = []): Promise<RelayProcess> {
    const relay = await RelayProcess.start({
      discoveryPort: DISCOVERY_PORT,
      dir: path.join(`${this.#options.dir}-relay-${String(this.relays.length)}`),
      extraArgs: ['--host', '0.0.0.0', ...extraArgs],
      within: this.within,
    });
    this.relays.push(relay);
    return relay;
  }

  /** A request from this host to a relay on it. */
  async fetch(
    relay: RelayProcess,
    url: string,
    { method = 'GET', headers = {}, body, signal }: HttpInput = {},
  ): Promise<HttpAnswer> {
    const socket = connect(socketOf(this.#options));
    socket.write(`${String(relay.port)}\n`);
    const host = `127.0.0.1:${String(relay.port)}`;
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = request({
      method,
      path: url,
      headers: { host, ...length, ...headers },
      createConnection: () => socket,
      ...(signal === undefined ? {} : { signal }),
    });
    outgoing.end(body);
    try {
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
      const pieces: Buffer[] = [];
      for await (const piece of answer) pieces.push(piece as Buffer);
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) };
    } finally {
      socket.destroy();
    }
  }

  /** Ids of the relays that `relay` lists. */
  async peersOf(relay: RelayProcess): Promise<string[]> {
    const { body } = await this.fetch(relay, '/peers');
    return parseJsonWith(PeersPage, body.toString(), 'The peer list').peers.map(({ id }) => id);
  }

  /** Runs a program on this host to its end. */
  async run(
    command: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
  ): Promise<{ code: number | null; output: string }> {
    const child = spawnWithin(this.#options, command, env);
    const pieces: Buffer[] = [];
    child.stdout?.on('data', (bytes: Buffer) => pieces.push(bytes));
    child.stderr?.on('data', (bytes: Buffer) => pieces.push(bytes));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: Buffer.concat(pieces).toString() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.relays.map((relay) => relay.kill()));
    if (this.#door.exitCode !== null || this.#door.signalCode !== null) return;
    const exit = once(this.#door, 'exit');
    this.#door.kill('SIGKILL');
    await exit;
  }
}

function socketOf({ dir }: HostOptions): string {
  return `${dir}.sock`;
}

function spawnWithin({ within }: HostOptions, command: readonly string[], env = process.env): ChildProcess {
  const [program, ...args] = [...within, ...command] as [string, ...string[]];
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
}

function ip(...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status === 0) return stdout;
  const why = error === undefined ? stderr.trim() : error.message;
  throw new Error(
    `ip ${args.join(' ')}: ${why}. These tests make network namespaces: run them as root, with the package iproute2 installed (npm test installs it).`,
  );
}

/** Names of the namespaces of all LANs on this machine. */
export function lanNamespaces(): string[] {
  return ip('netns', 'list')
    .split('\n')
    .flatMap((line) => line.split(' ')[0] ?? [])
    .filter((name) => name.startsWith(`${PREFIX}-`));
}

/** Ends what runs in a namespace of ours, and removes it with its interfaces. */
function removeNamespace(name: string): void {
  for (const pid of ip('netns', 'pids', name).split('\n').filter(Boolean)) kill(Number(pid));
  ip('netns', 'del', name);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}

/** Removes namespaces whose runner is no more. */
function sweep(): void {
  for (const name of lanNamespaces()) {
    const [, pid = '', startedAt = ''] = name.split('-');
    if (processKey(Number(pid)) !== `${pid}-${startedAt}`) removeNamespace(name);
  }
}

/** Process id and start time: ids are used again. Undefined for a process that is no more. */
function processKey(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // Fields after the command in parentheses; the 22nd of all is the start time.
    const startedAt = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${String(pid)}-${startedAt ?? ''}`;
  } catch {
    return undefined;
  }
}
