/** A million inputs over all decoders, in a process of its own, so that its memory can be measured. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { REPO } from '../helpers/programs.ts';

const run = promisify(execFile);
const INPUTS = 1_000_000;
/** Many times what it takes: a decoder that never comes back is to be told of, not waited for. */
const MAX_RUN_MS = 2_400_000;
const SHOWN_CHARS = 500;

it('gives a value or an AppError for a million inputs, and keeps nothing of them', async () => {
  const seed = String(Date.now() % 2 ** 31);
  const program = path.join(REPO, 'tests/fuzz/main.ts');
  const args = ['--expose-gc', program, '--inputs', String(INPUTS), '--seed', seed];
  const limits = { maxBuffer: 2 ** 26, timeout: MAX_RUN_MS, killSignal: 'SIGKILL' } as const;
  const { stdout } = await run(process.execPath, args, limits).catch((cause: unknown) => {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(`Seed ${seed}, at: ${stdout.slice(-SHOWN_CHARS)}\n${stderr}`, { cause });
  });
  console.log(stdout);
  const total: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  expect(total).toMatchObject({ seed: Number(seed), failed: 0 });
  expect((total as { inputs: number }).inputs).toBeGreaterThanOrEqual(INPUTS);
});
