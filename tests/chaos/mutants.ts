/** That the chaos suite can fail: with a safeguard taken out of a copy of the program, it has to say which promise is broken. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { REPO } from '../helpers/programs.ts';

/** As long as a mutant may go unnoticed. */
const MINUTES = 8;
const BROKEN = 1;
const UNNOTICED = 2;

interface Mutant {
  readonly name: string;
  /** In each file, what is replaced by what; it has to be there. */
  readonly changes: readonly { readonly file: string; readonly from: string; readonly to: string }[];
}

const MUTANTS: readonly Mutant[] = [
  {
    name: 'tombstones',
    changes: [
      {
        file: 'relay/storage/tombstone-table.ts',
        from: 'return this.#queries.has.get(id) !== undefined;',
        to: 'return id === "";',
      },
    ],
  },
  {
    name: 'hash checks',
    changes: [
      {
        file: 'relay/storage/chunk-hasher.ts',
        from: 'if (digest.id === expected) return digest;',
        to: 'if (digest.id !== "") return digest;',
      },
      { file: 'relay/storage/chunk-hasher.ts', from: 'hasher.digest().id === id;', to: 'id !== "";' },
    ],
  },
  {
    name: 'repair',
    changes: [
      {
        file: 'relay/services/care/mover.ts',
        from: 'const missing = Math.max(0, job.needed - placed.length - had.length - coming.length);',
        to: 'const missing = Math.min(0, job.needed - placed.length - had.length - coming.length);',
      },
    ],
  },
  {
    name: 'fsync',
    changes: [
      { file: 'relay/storage/chunk-files.ts', from: 'await handle.sync();', to: '' },
      { file: 'relay/storage/file-ops.ts', from: 'await handle.sync();', to: '' },
    ],
  },
  {
    name: 'receipts',
    changes: [
      {
        file: 'shared/engine/receipts.ts',
        from: '  const holders = new Set<RelayId>();',
        to: '  const holders = new Set<RelayId>(expected.targets);',
      },
    ],
  },
];

/** Those whose name contains `only`. Gives 0 when all were found out, else 2. */
export async function runMutants(only: string, seed: number, signal: AbortSignal): Promise<number> {
  let status = 0;
  for (const mutant of MUTANTS.filter(({ name }) => name.includes(only))) {
    signal.throwIfAborted();
    const started = performance.now();
    const { code, said } = await runMutant(mutant, seed, signal);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log(`without ${mutant.name}, exit ${String(code)} after ${seconds} s: ${said}`);
    if (code !== BROKEN) status = UNNOTICED;
  }
  return status;
}

async function runMutant(
  { changes }: Mutant,
  seed: number,
  signal: AbortSignal,
): Promise<{ code: number | null; said: string }> {
  const copy = await mkdtemp(path.join(tmpdir(), 'lanvault-mutant-'));
  try {
    const files = execFileSync(
      'git',
      ['ls-files', '-z', 'cli', 'relay', 'shared', 'scripts', 'tests', 'package.json', 'tsconfig.base.json'],
      { cwd: REPO },
    );
    for (const file of files.toString().split('\0').filter(Boolean)) {
      await mkdir(path.dirname(path.join(copy, file)), { recursive: true });
      await writeFile(path.join(copy, file), await readFile(path.join(REPO, file)));
    }
    await symlink(path.join(REPO, 'node_modules'), path.join(copy, 'node_modules'));
    for (const { file, from, to } of changes) {
      const text = await readFile(path.join(copy, file), 'utf8');
      if (!text.includes(from)) throw new Error(`${file} has no “${from}” any more: look at this mutant.`);
      await writeFile(path.join(copy, file), text.replace(from, to));
    }
    execFileSync(process.execPath, ['scripts/build-programs.ts'], { cwd: copy, stdio: 'inherit' });
    const args = ['tests/chaos/main.ts', '--minutes', String(MINUTES), '--seed', String(seed)];
    const child = spawn(process.execPath, args, { cwd: copy, stdio: ['ignore', 'pipe', 'inherit'] });
    const end = (): boolean => child.kill('SIGTERM');
    signal.addEventListener('abort', end);
    const pieces: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => pieces.push(bytes));
    const [code] = (await once(child, 'close')) as [number | null];
    signal.removeEventListener('abort', end);
    const lines = Buffer.concat(pieces).toString().trim().split('\n');
    return { code, said: lines.find((line) => line.startsWith('BROKEN')) ?? lines.at(-1) ?? '' };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
