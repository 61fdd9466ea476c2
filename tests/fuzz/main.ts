/**
 * `npm run fuzz`: every decoder with seeded inputs, most of them valid ones that were damaged.
 *
 *     npm run fuzz                                             # 1,000,000 inputs, a new seed
 *     npm run fuzz -- --inputs 50000 --seed 7                  # the same again
 *     npm run fuzz -- --target "link" --seed 7 --input 1234    # one input
 *
 * Prints a line for each target and one of JSON at the end. Exit status 1: a target failed; 13: one never settled.
 */
import { parseArgs } from 'node:util';
import { fuzz } from './run.ts';
import type { Outcome } from './run.ts';
import type { Target } from './target.ts';
import { AllTargets } from './targets/all-targets.ts';

const MIB = 2 ** 20;
/** Share of a target's inputs after which its memory counts: by then, what is made once has been made. */
const WARM_UP = 0.2;
/** Heap and buffers that may be there after a target's inputs and were not before: what the runtime compiles and caches. */
const MAX_KEPT_BYTES = 8 * MIB;

interface Run extends Outcome {
  readonly keptBytes: number;
}

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
    input: { type: 'string' },
  },
});
const seed = Number(values.seed);
await using all = await AllTargets.create();
const chosen = all.targets.filter(({ name }) => values.target === undefined || name === values.target);
if (chosen.length === 0) throw new Error(`No target is called ${String(values.target)}.`);

let current = '';
process.on('exit', (code) => {
  // Node's status for a program that waits for what never comes.
  if (code === 13) console.error(`${current} never settled (seed ${String(seed)}).`);
});

if (values.input === undefined) await runAll(chosen, Number(values.inputs));
else
  for (const target of chosen)
    console.log(await fuzz(target, seed, Number(values.input), Number(values.input) + 1));

async function runAll(targets: readonly Target[], inputs: number): Promise<void> {
  const shares = targets.reduce((sum, { cost = 1 }) => sum + 1 / cost, 0);
  const total = { seed, targets: targets.length, inputs: 0, accepted: 0, most_kept_bytes: 0, failed: 0 };
  for (const target of targets) {
    current = target.name;
    // Before its figures: the last word of a run that hangs.
    process.stdout.write(`${target.name}: `);
    const begun = performance.now();
    try {
      const run = await runOne(target, Math.ceil(inputs / shares / (target.cost ?? 1)));
      total.inputs += run.inputs;
      total.accepted += run.accepted;
      total.most_kept_bytes = Math.max(total.most_kept_bytes, run.keptBytes);
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      console.log(`${wordsOf(run)}, ${seconds} s`);
    } catch (cause) {
      total.failed++;
      console.log('failed');
      console.error(cause);
    }
  }
  console.log(JSON.stringify(total));
  if (total.failed > 0) process.exitCode = 1;
}

async function runOne(target: Target, count: number): Promise<Run> {
  const warm = Math.ceil(count * WARM_UP);
  const first = await fuzz(target, seed, 0, warm);
  const before = await memoryBytes();
  const second = await fuzz(target, seed, warm, count);
  const keptBytes = (await memoryBytes()) - before;
  if (keptBytes > MAX_KEPT_BYTES)
    throw new Error(
      `${target.name} keeps ${String(keptBytes)} bytes of ${String(count)} inputs (seed ${String(seed)}).`,
    );
  return {
    inputs: count,
    accepted: first.accepted + second.accepted,
    slowestMs: Math.max(first.slowestMs, second.slowestMs),
    keptBytes,
  };
}

function wordsOf({ inputs, accepted, slowestMs, keptBytes }: Run): string {
  return `${String(inputs)} inputs, ${String(accepted)} taken, slowest ${slowestMs.toFixed(1)} ms, ${String(keptBytes)} bytes kept`;
}

/** What is still needed after everything else has been thrown away; Node is started with --expose-gc. */
async function memoryBytes(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('Start this with node --expose-gc.');
  // Buffers are given back by a second thread, and some by what the first collection lets run.
  for (let round = 0; round < 3; round++) await globalThis.gc({ execution: 'async', type: 'major' });
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
