/** Files through the command line, as a user runs it, on ten relays with durable writes. */
import { readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CliUser } from '../../helpers/cli.ts';
import { sha256OfFile, writeRandomFile } from '../../helpers/files.ts';
import { REPO } from '../../helpers/programs.ts';
import { startRelays } from '../../helpers/relays.ts';
import type { RelaySwarm } from '../../helpers/relays.ts';
import type { Prepared, Scenario } from '../scenario.ts';
import { runProgram, secondsOf } from '../timing.ts';

const MIB = 2 ** 20;
const RELAYS = 10;
const RANDOM_BYTES = 256 * MIB;
const TEXT_BYTES = 64 * MIB;
const REPLICAS = 5;

/** A user, a file of theirs, and relays. */
class Bench implements AsyncDisposable {
  readonly user: CliUser;
  readonly swarm: RelaySwarm;
  readonly file: string;
  readonly manifest: string;

  private constructor(user: CliUser, swarm: RelaySwarm) {
    this.user = user;
    this.swarm = swarm;
    this.file = user.path('input');
    this.manifest = user.path('manifest');
  }

  static async create(writeInput: (file: string) => Promise<void>): Promise<Bench> {
    await using stack = new AsyncDisposableStack();
    const user = stack.use(await CliUser.create());
    const swarm = stack.use(await startRelays(RELAYS));
    await writeInput(user.path('input'));
    stack.move();
    return new Bench(user, swarm);
  }

  async run(...args: readonly string[]): Promise<void> {
    const result = await this.user.run(...args, '--entry-node', this.swarm.entry.url);
    if (result.code !== 0) throw new Error(result.stderr);
  }

  upload(...options: readonly string[]): Promise<void> {
    return this.run('distribute', this.file, '-m', this.manifest, ...options);
  }

  /** Every round begins with empty relays. */
  async remove(): Promise<void> {
    await this.run('delete', this.manifest, '--yes');
    await rm(this.manifest);
  }

  /** Of all relays. */
  async storedBytes(): Promise<number> {
    const used = this.swarm.relays.map(async ({ url }) => {
      const { used: bytes } = (await (await fetch(`${url}/status`)).json()) as { used: number };
      return bytes;
    });
    return (await Promise.all(used)).reduce((sum, bytes) => sum + bytes, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.swarm[Symbol.asyncDispose]();
    await this.user[Symbol.asyncDispose]();
  }
}

/** Source code as it lies on this disk, the same for everybody who has installed the same packages. */
async function writeSourceText(file: string): Promise<void> {
  const modules = path.join(REPO, 'node_modules');
  const names = (await readdir(modules, { recursive: true }))
    .filter((name) => /\.(?:[cm]?js|[cm]?ts)$/.test(name) && !/\.min\.|(?:^|\/)\.cache\//.test(name))
    .sort();
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for (const name of names) {
    const entry = path.join(modules, name);
    if (!(await stat(entry)).isFile()) continue;
    const text = (await readFile(entry)).subarray(0, TEXT_BYTES - sizeBytes);
    parts.push(text);
    sizeBytes += text.length;
    if (sizeBytes === TEXT_BYTES) break;
  }
  if (sizeBytes < TEXT_BYTES) throw new Error('node_modules has too little source text: run npm ci.');
  await writeFile(file, Buffer.concat(parts));
}

const writeRandom = (file: string): Promise<void> => writeRandomFile(file, RANDOM_BYTES);

async function prepareUpload(): Promise<Prepared> {
  const bench = await Bench.create(writeRandom);
  return {
    measureReference: () => secondsOf(() => runProgram('sha256sum', bench.file)),
    measureOurs: () => secondsOf(() => bench.upload()),
    reset: () => bench.remove(),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

async function prepareDownload(): Promise<Prepared> {
  const bench = await Bench.create(writeRandom);
  await bench.upload();
  const copy = bench.user.path('copy');
  return {
    measureReference: () => secondsOf(() => runProgram('sha256sum', bench.file)),
    measureOurs: () => secondsOf(() => bench.run('reconstruct', bench.manifest, copy)),
    reset: async () => {
      if ((await sha256OfFile(copy)) !== (await sha256OfFile(bench.file)))
        throw new Error('The copy differs.');
      await rm(copy);
    },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

async function prepareXz(): Promise<Prepared> {
  const bench = await Bench.create(writeSourceText);
  const packed = `${bench.file}.xz`;
  const xz = ['-9e', '-T2', '--block-size=1MiB', '--keep', '--force', bench.file];
  return {
    measureReference: () => secondsOf(() => runProgram('xz', ...xz)),
    measureOurs: () => secondsOf(() => bench.upload()),
    reset: () => bench.remove(),
    notes: async () => ({
      'stored bytes ÷ (5 × those of xz), at most 1.01':
        (await bench.storedBytes()) / (REPLICAS * (await stat(packed)).size),
    }),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

async function prepareZlib(): Promise<Prepared> {
  const bench = await Bench.create(writeSourceText);
  const text = await readFile(bench.file);
  const halves = [text.subarray(0, TEXT_BYTES / 2), text.subarray(TEXT_BYTES / 2)];
  const files = halves.map((_, i) => `${bench.file}-${String(i)}`);
  await Promise.all(halves.map((half, i) => writeFile(files[i] ?? '', half)));
  const gzip = (file: string): Promise<void> => runProgram('gzip', '-6', '--keep', '--force', file);
  return {
    measureReference: () => secondsOf(() => Promise.all(files.map(gzip))),
    measureOurs: () => secondsOf(() => bench.upload('--compression', 'fast')),
    reset: () => bench.remove(),
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

export const cliScenarios: readonly Scenario[] = [
  {
    name: 'cli-upload-random',
    title: 'CLI upload, 256 MiB of random data, 5 replicas on 10 relays',
    ...{ unit: 's', ours: 'lanvault distribute', reference: 'sha256sum' },
    bar: { is: 'at most', ratio: 8 },
    prepare: prepareUpload,
  },
  {
    name: 'cli-download-random',
    title: 'CLI download, 256 MiB of random data',
    ...{ unit: 's', ours: 'lanvault reconstruct', reference: 'sha256sum' },
    bar: { is: 'at most', ratio: 3 },
    prepare: prepareDownload,
  },
  {
    name: 'cli-upload-text-xz',
    title: 'CLI upload, 64 MiB of source text, xz extreme',
    ...{ unit: 's', ours: 'lanvault distribute', reference: 'xz -9e -T2 --block-size=1MiB' },
    // At least 0.75 of its speed.
    bar: { is: 'at most', ratio: 1 / 0.75 },
    prepare: prepareXz,
  },
  {
    name: 'cli-upload-text-zlib',
    title: 'CLI upload, 64 MiB of source text, zlib',
    ...{ unit: 's', ours: 'lanvault distribute --compression fast', reference: 'two gzip -6' },
    bar: { is: 'at most', ratio: 2 },
    prepare: prepareZlib,
  },
];
