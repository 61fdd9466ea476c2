/** Where the commands of one page are run: a person's machine, and relays, with what the page takes for granted. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { vi } from 'vitest';
import Type from 'typebox';
import { Port, parseJsonWith } from '../../shared/protocol/schemas.ts';
import { PeersPage } from '../../shared/protocol/routes.ts';
import { parseSwarmKey } from '../../shared/protocol/swarm-key.ts';
import { withSwarmSession } from '../../shared/protocol/swarm-session.ts';
import { Authority } from '../../relay/tls/authority.ts';
import { callCli } from './cli-call.ts';
import type { CallResult } from './cli-call.ts';
import { CliUser } from './cli.ts';
import type { CliResult } from './cli.ts';
import { programTree } from './cli-tree.ts';
import { until } from './until.ts';

const Ready = Type.Object({ event: Type.Literal('ready'), port: Port });

/** A test that runs into its time limit disposes of nothing; its relays end with the runner all the same. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGTERM');
});

interface Relay {
  readonly child: ChildProcess;
  readonly folder: string;
  readonly url: string;
}

export interface WorldOptions {
  /** UDP port of this page's swarm. */
  readonly discoveryPort: number;
  /** Of a relay of the swarm, where one runs before the page begins; else the first that the page starts. */
  readonly entryUrl?: string;
  /** On how many machines a relay whose folder is in the home is started. */
  readonly machines?: number;
}

export class DocWorld implements AsyncDisposable {
  readonly #options: WorldOptions;
  /** Where the relays run. */
  readonly #home: CliUser;
  /** Who types. */
  #user: CliUser;
  readonly #relays: Relay[] = [];
  readonly #program: Command = programTree();
  #key: string | undefined;

  private constructor(options: WorldOptions, user: CliUser) {
    this.#options = options;
    this.#home = this.#user = user;
  }

  static async create(options: WorldOptions): Promise<DocWorld> {
    return new DocWorld(options, await CliUser.create());
  }

  /** On the machine where the relays run. */
  path(name: string): string {
    return this.#home.path(name);
  }

  /** Runs what a page says. Relays keep running until the page ends. */
  async run(args: readonly string[]): Promise<CallResult> {
    const [command, verb] = args;
    const completed = this.#completed(args.map((arg) => this.#substituted(arg)));
    if (command === 'fsck' || args.includes('--print-config'))
      return this.#spawn(this.#user.run(...completed));
    if (command === 'start-node' || command === 'web-ui') return this.#startRelays(completed);
    if (command === 'vault' && verb === 'restore') return this.#restore(completed);
    const result = await this.#call(this.#user, completed);
    if (command === 'unjoin') await this.#departed(completed);
    return result;
  }

  /** Writes a file that the page shows, to where the page says; paths in it are of this world too. */
  async write(name: string, text: string): Promise<void> {
    const file = this.path(name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(
      file,
      text.replaceAll(/"\/(?:mnt|var|etc)\//g, (start) => `"${this.path(start.slice(2))}/`),
    );
  }

  /** Puts a server's certificate and its key where the page takes them from. */
  async certify(certificate: string, key: string): Promise<void> {
    const now = Date.now();
    const { chainPem, keyPem } = Authority.create('the docs', now).issue(['localhost'], now);
    await this.write(certificate, chainPem);
    await this.write(key, keyPem);
  }

  /** Leaves the folder of a relay that ran and was stopped. */
  async leaveFolder(name: string): Promise<void> {
    await this.#start(['start-node', '--storage-dir', this.path(name), '--capacity', '1G']);
    const relay = this.#relays.pop();
    if (relay !== undefined) await stop(relay.child);
  }

  /** Starts one more relay as the page's last one was. */
  async addRelay(name: string): Promise<void> {
    const key = this.#key === undefined ? [] : ['--swarm-key', this.#key];
    const folder = ['--storage-dir', this.path(name), '--capacity', '1G'];
    await this.#start(['start-node', ...folder, ...key]);
    await this.#settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#call(this.#home, ['network', 'stop', '--clean']);
    for (const { child } of this.#relays) await stop(child);
    for (const user of new Set([this.#home, this.#user])) await user[Symbol.asyncDispose]();
  }

  /** As from a terminal of this user's, in this process. */
  async #call(user: CliUser, args: readonly string[]): Promise<CallResult> {
    const before = process.cwd();
    vi.stubEnv('XDG_DATA_HOME', user.path('data'));
    // Otherwise the program starts itself anew.
    vi.stubEnv('MALLOC_ARENA_MAX', '2');
    vi.stubEnv('MALLOC_MMAP_THRESHOLD_', '262144');
    process.chdir(user.dir);
    try {
      return await callCli(args);
    } finally {
      process.chdir(before);
      vi.unstubAllEnvs();
    }
  }

  /** Folders of other machines lie below the person's own, and addresses are those of this page's relays. */
  #substituted(arg: string): string {
    if (arg.startsWith('~/')) return this.path(arg.slice(2));
    if (/^\/(?:mnt|var|etc)\//.test(arg)) return this.path(arg.slice(1));
    if (/^http:\/\/(?:192\.168\.|ANY-RELAY)/.test(arg)) return this.#entryUrl;
    return arg;
  }

  get #entryUrl(): string {
    const url = this.#options.entryUrl ?? this.#relays[0]?.url;
    if (url === undefined) throw new Error('The page has no relay yet.');
    return url;
  }

  /** Ports of the test's own, and the answer to what is asked at a terminal. */
  #completed(args: readonly string[]): string[] {
    const option = (name: string): boolean => commandOf(this.#program, args).includes(name);
    const extra: string[] = [];
    if (args.includes('--scan')) extra.push('--discovery-port', String(this.#options.discoveryPort));
    if (option('--yes') && !args.includes('--yes')) extra.push('--yes');
    if (args[0] === 'network' && args[1] === 'start')
      extra.push(
        ...['--nodes', '5', '--base-port', '0', '--web-port', '0'],
        ...['--discovery-port', String(this.#options.discoveryPort)],
      );
    return [...args, ...extra];
  }

  async #startRelays(args: readonly string[]): Promise<CallResult> {
    const at = args.indexOf('--storage-dir') + 1;
    const folder = at === 0 ? '' : (args[at] ?? '');
    const key = args.indexOf('--swarm-key') + 1;
    if (key > 0) this.#key = this.path(args[key] ?? '');
    const machines = path.dirname(folder) === this.#home.dir ? (this.#options.machines ?? 1) : 1;
    await this.#start(args);
    for (let machine = 2; machine <= machines; machine++)
      await this.#start(args.with(at, `${folder}-${machine}`));
    await this.#settled();
    return { code: 0, stdout: '', stderr: '' };
  }

  async #start(args: readonly string[]): Promise<void> {
    const own = ['--port', '0', '--link-port', '0', '--host', '127.0.0.1', '--log-level', 'error'];
    if (args.some((arg) => arg.startsWith('--tls'))) own.push('--tls-port', '0');
    // The folder by default is also that of the network that the page may have started.
    if (!args.includes('--storage-dir'))
      own.push('--storage-dir', this.path(`unnamed-${String(this.#relays.length)}`));
    const discovery = ['--discovery-port', String(this.#options.discoveryPort)];
    const child = this.#home.spawn(...args, ...own, ...discovery);
    running.add(child);
    child.once('exit', () => running.delete(child));
    const said: string[] = [];
    child.stderr?.on('data', (text: Buffer) => said.push(text.toString()));
    if (child.stdout === null) throw new Error('The relay has no stdout.');
    const line = once(createInterface({ input: child.stdout }), 'line').then(([text]) => text as string);
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${args.join(' ')} ended: ${said.join('')}`);
    });
    const { port } = parseJsonWith(Ready, await Promise.race([line, ended]), 'The ready line');
    ended.catch(() => undefined);
    const folder = args[args.indexOf('--storage-dir') + 1] ?? '';
    this.#relays.push({ child, folder, url: `http://127.0.0.1:${port}` });
  }

  /** Waits until the page's relays know each other. */
  async #settled(): Promise<void> {
    const plain = (url: string, init: RequestInit): Promise<Response> => fetch(url, init);
    const key = this.#key === undefined ? null : parseSwarmKey(await readFile(this.#key, 'utf8'));
    const ask = key === null ? plain : withSwarmSession(plain, key);
    const live = this.#relays.filter(({ child }) => !isOver(child));
    await until(async () => {
      const counts = live.map(async ({ url }) => {
        const answer = await ask(`${url}/peers`, {});
        return parseJsonWith(PeersPage, await answer.text(), 'The peers').peers.length;
      });
      return (await Promise.all(counts)).every((count) => count >= live.length);
    }, 'the relays of the page know each other');
  }

  /** A relay that has left stops by itself, a moment later. */
  async #departed(args: readonly string[]): Promise<void> {
    const folder = args[args.indexOf('--storage-dir') + 1] ?? '';
    const relay = this.#relays.find((candidate) => candidate.folder === folder);
    if (relay !== undefined && !isOver(relay.child)) await once(relay.child, 'exit');
  }

  /** On a device that has nothing: the page goes on there. */
  async #restore(args: readonly string[]): Promise<CallResult> {
    const phrase = await this.#call(this.#user, ['vault', 'phrase', '--yes', '--json']);
    const { phrase: words } = JSON.parse(phrase.stdout) as { phrase: string };
    const fresh = await CliUser.create();
    // As the page says: by hand, to every machine.
    if (this.#key !== undefined) await copyFile(this.#key, fresh.path(path.basename(this.#key)));
    this.#user = fresh;
    return this.#spawn(fresh.runWithInput(`${words}\n`, ...args));
  }

  async #spawn(result: Promise<CliResult>): Promise<CallResult> {
    const { code, stdout, stderr } = await result;
    return { code: code ?? -1, stdout, stderr };
  }
}

/** As an operator does. */
async function stop(child: ChildProcess): Promise<void> {
  if (isOver(child)) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

function isOver(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The options of the command that is typed. */
function commandOf(program: Command, args: readonly string[]): string[] {
  let command = program;
  for (const word of args) {
    const next = command.commands.find((candidate) => candidate.name() === word);
    if (next === undefined) break;
    command = next;
  }
  return command.options.flatMap(({ long }) => long ?? []);
}
