/** Real relay processes on loopback, for tests: ephemeral ports, temporary folders, gone when disposed. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseRelayId } from '../../shared/ids.ts';
import type { RelayId } from '../../shared/ids.ts';
import { Ready } from '../../shared/protocol/ready.ts';
import { PeersPage, Status } from '../../shared/protocol/routes.ts';
import { parseJsonWith, parseWith } from '../../shared/protocol/schemas.ts';
import { REPO, RELAY_PROGRAM } from './programs.ts';
import { until } from './until.ts';

export interface RelayOptions {
  readonly discoveryPort: number;
  readonly dir: string;
  readonly port?: number;
  readonly extraArgs?: readonly string[];
  /** A command that runs the one after it, such as in another network namespace. */
  readonly within?: readonly string[];
  /** What is run instead of the relay's own main file. */
  readonly main?: string;
  /** How the relay is asked over HTTP; `fetch` unless the swarm is private. */
  readonly fetch?: RelayFetch;
  /** Beside `dir` unless told. */
  readonly logFile?: string;
}

export type RelayFetch = (url: string, init: RequestInit) => Promise<Response>;

/** A test that runs into its time limit disposes of nothing; its relays end with the runner all the same. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** One relay process. */
export class RelayProcess implements AsyncDisposable {
  readonly id: RelayId;
  readonly port: number;
  readonly linkPort: number;
  /** Null without `--tls`. */
  readonly httpsPort: number | null;
  readonly dir: string;
  readonly #child: ChildProcess;
  readonly #options: RelayOptions;

  private constructor(child: ChildProcess, ready: Ready, options: RelayOptions) {
    this.#child = child;
    this.#options = options;
    this.id = parseRelayId(ready.id);
    this.port = ready.port;
    this.linkPort = ready.link;
    this.httpsPort = ready.https ?? null;
    this.dir = options.dir;
  }

  static async start(options: RelayOptions): Promise<RelayProcess> {
    const [program, ...args] = [
      ...(options.within ?? []),
      process.execPath,
      path.resolve(REPO, options.main ?? RELAY_PROGRAM),
      ...['--port', String(options.port ?? 0)],
      ...['--storage-dir', options.dir],
      ...['--host', '127.0.0.1'],
      ...['--discovery-port', String(options.discoveryPort)],
      ...(options.extraArgs ?? []),
    ] as [string, ...string[]];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.stderr.pipe(createWriteStream(logPath(options), { flags: 'a' }));
    const exited = once(child, 'exit').then(([code]) => {
      throw new Error(`relay ended before it was ready (exit ${String(code)}); log: ${logPath(options)}`);
    });
    const line = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
    const [text] = await Promise.race([line, exited]);
    exited.catch(() => undefined);
    return new RelayProcess(child, parseJsonWith(Ready, text, 'The ready line'), options);
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('The relay was not started.');
    return this.#child.pid;
  }

  get log(): string {
    return logPath(this.#options);
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Sends the signal (SIGKILL unless told) and waits for the end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.alive) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exit;
  }

  /** Stops or lets go on (SIGSTOP, SIGCONT), without waiting. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** A new process on the same storage and port. */
  async restart(): Promise<RelayProcess> {
    await this.kill();
    return RelayProcess.start({ ...this.#options, port: this.port });
  }

  async peers(): Promise<PeersPage['peers']> {
    const answer = await (this.#options.fetch ?? fetch)(`${this.url}/peers`, {});
    return parseWith(PeersPage, await answer.json(), 'The peer list').peers;
  }

  /** Whether it gives out the chunks that it holds: after a start, it first learns what was deleted meanwhile. */
  async ready(): Promise<boolean> {
    const answer = await (this.#options.fetch ?? fetch)(`${this.url}/status`, {});
    return parseWith(Status, await answer.json(), 'The status').ready;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill('SIGKILL');
  }
}

function logPath({ dir, logFile }: Pick<RelayOptions, 'dir' | 'logFile'>): string {
  return logFile ?? `${dir}.log`;
}

export class RelaySwarm implements AsyncDisposable {
  readonly relays: RelayProcess[];
  readonly discoveryPort: number;
  /** The temporary folder that holds every relay's storage and log. */
  readonly dir: string;

  constructor(relays: RelayProcess[], discoveryPort: number, dir: string) {
    this.relays = relays;
    this.discoveryPort = discoveryPort;
    this.dir = dir;
  }

  get entry(): RelayProcess {
    const [first] = this.relays;
    if (first === undefined) throw new Error('A swarm of no relays has no entry.');
    return first;
  }

  byId(id: string): RelayProcess {
    const relay = this.relays.find((candidate) => candidate.id === id);
    if (relay === undefined) throw new Error(`No relay ${id} in this swarm.`);
    return relay;
  }

  /** Adds one more relay process to the swarm. */
  async add(extraArgs: readonly string[] = [], fetch?: RelayFetch): Promise<RelayProcess> {
    const dir = path.join(this.dir, `relay-${String(this.relays.length)}`);
    const asked = fetch === undefined ? {} : { fetch };
    const relay = await RelayProcess.start({
      discoveryPort: this.discoveryPort,
      dir,
      extraArgs,
      ...asked,
    });
    this.relays.push(relay);
    return relay;
  }

  /** Waits until every live relay lists exactly the live ones, and serves. */
  async settled(): Promise<void> {
    const live = this.relays.filter((relay) => relay.alive);
    await until(
      async () => {
        const views = await Promise.all(live.map((relay) => relay.peers()));
        return views.every(
          (peers) =>
            peers.length === live.length && peers.every((peer) => live.some((relay) => relay.id === peer.id)),
        );
      },
      `all ${String(live.length)} relays know each other`,
    );
    await until(
      async () => (await Promise.all(live.map((relay) => relay.ready()))).every(Boolean),
      'all live relays serve',
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.relays.map((relay) => relay[Symbol.asyncDispose]()));
    await rm(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Starts `count` relays that find each other by beacons on an ephemeral discovery port, and waits until they have. */
export async function startRelays(
  count: number,
  options: {
    readonly discoveryPort?: number;
    readonly extraArgs?: readonly string[];
    readonly fetch?: RelayFetch;
  } = {},
): Promise<RelaySwarm> {
  const dir = await mkdtemp(path.join(tmpdir(), 'lanvault-relays-'));
  const swarm = new RelaySwarm([], options.discoveryPort ?? (await freeUdpPort()), dir);
  try {
    // In turn: a swarm of processes that all compile at once is slower on two cores than one after the other.
    for (let i = 0; i < count; i++) await swarm.add(options.extraArgs, options.fetch);
    await swarm.settled();
    return swarm;
  } catch (cause) {
    await swarm[Symbol.asyncDispose]();
    throw cause;
  }
}

/** A UDP port that nobody had a moment ago. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  const closed = once(socket, 'close');
  socket.close();
  await closed;
  return port;
}
