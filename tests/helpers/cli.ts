/** Runs the real CLI as a process of its own, with a vault and working folder of the test's. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CLI_PROGRAM } from './programs.ts';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A user's machine: a home for the vault and a folder to work in. Both are gone when disposed. */
export class CliUser implements AsyncDisposable {
  readonly dir: string;
  /** What its processes have in their environment besides this one's. */
  readonly env: Record<string, string> = {};

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async create(): Promise<CliUser> {
    return new CliUser(await mkdtemp(path.join(tmpdir(), 'lanvault-user-')));
  }

  path(name: string): string {
    return path.join(this.dir, name);
  }

  spawn(...args: readonly string[]): ChildProcess {
    return this.#spawn('ignore', args);
  }

  /** `within`: a command that runs the one after it, such as on another host. */
  spawnWithin(within: readonly string[], ...args: readonly string[]): ChildProcess {
    return this.#spawn('ignore', args, within);
  }

  #spawn(stdin: 'ignore' | 'pipe', args: readonly string[], within: readonly string[] = []): ChildProcess {
    const [program, ...rest] = [...within, process.execPath, CLI_PROGRAM, ...args] as [string, ...string[]];
    return spawn(program, rest, {
      cwd: this.dir,
      env: {
        ...process.env,
        XDG_DATA_HOME: this.path('data'),
        INIT_CWD: this.dir,
        NO_COLOR: '1',
        ...this.env,
      },
      stdio: [stdin, 'pipe', 'pipe'],
    });
  }

  run(...args: readonly string[]): Promise<CliResult> {
    return resultOf(this.spawn(...args));
  }

  /** With `input` as its stdin. */
  runWithInput(input: string, ...args: readonly string[]): Promise<CliResult> {
    const child = this.#spawn('pipe', args);
    child.stdin?.end(input);
    return resultOf(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }
}

export async function resultOf(child: ChildProcess): Promise<CliResult> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => err.push(bytes));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}
