/** One relay of a chaos run: a process on a host and a disk of its own, which come and go. */
import { spawnSync } from 'node:child_process';
import { readFile, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { LanHost } from '../helpers/netns.ts';
import { RelayProcess } from '../helpers/relays.ts';
import { SmallDisk } from '../helpers/small-disk.ts';
import { chunkPath, storedChunks } from '../helpers/stored-chunks.ts';
import { idOfChunk } from '../helpers/virtual-chunk.ts';
import { Broken } from './broken.ts';

const DISCOVERY_PORT = 9999;
const FILL_TRIES = 5;
const DISK_BYTES = 192 * 2 ** 20;
/** A relay that answers nothing for so long, with nothing wrong around it, hangs. */
const ANSWER_MS = 20_000;
const SKEWED_CLOCK = path.join(import.meta.dirname, 'skewed-clock.mjs');

export class ChaosRelay implements AsyncDisposable {
  readonly host: LanHost;
  readonly disk: SmallDisk;
  readonly name: string;
  /** What is wrong with it just now, on purpose. */
  trouble: string | null = null;
  #process: RelayProcess | null = null;
  readonly #logFile: string;
  /** Settles when what is on the disk can be seen. */
  #mounted: Promise<void> = Promise.resolve();

  private constructor(host: LanHost, disk: SmallDisk, logFolder: string) {
    this.host = host;
    this.disk = disk;
    this.name = `relay-${String(host.index)}`;
    this.#logFile = path.join(logFolder, `${this.name}.log`);
  }

  /** With `logFolder` for its log, which is no part of its disk. */
  static async create(host: LanHost, logFolder: string): Promise<ChaosRelay> {
    const relay = new ChaosRelay(host, await SmallDisk.create(DISK_BYTES), logFolder);
    await relay.start();
    return relay;
  }

  get process(): RelayProcess {
    if (this.#process === null) throw new Error(`${this.name} was never started.`);
    return this.#process;
  }

  get id(): string {
    return this.process.id;
  }

  get alive(): boolean {
    return this.process.alive;
  }

  get storageDir(): string {
    return path.join(this.disk.dir, 'relay');
  }

  /** The end of its log. */
  async lastWords(): Promise<string> {
    const text = await readFile(this.#logFile, 'utf8').catch(() => '');
    return `the end of its log:\n${text.split('\n').slice(-12).join('\n')}`;
  }

  /** `skewMs`: by how much its time of day is wrong. */
  async start(skewMs = 0): Promise<void> {
    const clock = ['env', `NODE_OPTIONS=--import=${SKEWED_CLOCK}`, `CLOCK_SKEW_MS=${String(skewMs)}`];
    const starting = RelayProcess.start({
      discoveryPort: DISCOVERY_PORT,
      dir: this.storageDir,
      logFile: this.#logFile,
      ...(this.#process === null ? {} : { port: this.#process.port }),
      extraArgs: ['--host', '0.0.0.0', '--min-free', '8M', '--repair-grace', '3s'],
      within: skewMs === 0 ? this.host.within : [...this.host.within, ...clock],
    });
    try {
      this.#process = await starting;
    } catch (cause) {
      throw new Broken(`${this.name} does not start: ${await this.lastWords()}`, { cause });
    }
  }

  async restart(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.process.kill(signal);
    await this.start();
  }

  /** The answer's text. Throws unless it is 200. */
  async ask(method: 'GET' | 'POST', url: string): Promise<string> {
    const token = (await readFile(path.join(this.storageDir, 'operator.token'), 'utf8')).trim();
    const { status, body } = await this.host.fetch(this.process, url, {
      method,
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (status !== 200)
      throw new Error(`${this.name}: ${method} ${url} answers ${String(status)} ${body.toString()}`);
    return body.toString();
  }

  async chunks(): Promise<string[]> {
    await this.#mounted;
    return storedChunks(this.storageDir);
  }

  async holdsIntact(id: string): Promise<boolean> {
    await this.#mounted;
    const bytes = await readFile(chunkPath(this.storageDir, id)).catch(() => null);
    return bytes !== null && idOfChunk(bytes) === id;
  }

  /** Another disk, with nothing on it: it comes back as a new relay. */
  async loseDisk(): Promise<void> {
    await this.process.kill();
    await rm(this.storageDir, { recursive: true });
    await this.start();
  }

  /** Leaves no room on its disk. */
  async fillDisk(): Promise<void> {
    // The relay writes meanwhile: what was free a moment ago may be too much.
    for (let tries = 0; tries < FILL_TRIES; tries++) {
      const { bavail, bsize } = await statfs(this.disk.dir);
      const length = String(Math.max(1, bavail - 1) * bsize);
      if (spawnSync('fallocate', ['--length', length, this.#filler]).status === 0) return;
    }
  }

  async clearDisk(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  /** What the disk has not been told to keep is gone; the relay stays off. */
  async losePower(): Promise<void> {
    this.disk.turnReadOnly();
    this.#mounted = this.process.kill().then(() => this.disk.remount());
    await this.#mounted;
  }

  /** Its connection carries so many kbit/s; what waits longer than `queueMs` is lost. Null: as it was. */
  async shape(limit: { readonly kbits: number; readonly queueMs: number } | null): Promise<void> {
    const qdisc =
      limit === null
        ? ['del', 'dev', 'eth0', 'root']
        : [
            ...['replace', 'dev', 'eth0', 'root', 'tbf', 'rate', `${String(limit.kbits)}kbit`],
            ...['burst', '16kb', 'latency', `${String(limit.queueMs)}ms`],
          ];
    const { code, output } = await this.host.run(['tc', 'qdisc', ...qdisc]);
    if (code !== 0) throw new Error(`tc: ${output}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.kill();
    await this.disk[Symbol.asyncDispose]();
  }

  get #filler(): string {
    return path.join(this.disk.dir, 'filler');
  }
}
