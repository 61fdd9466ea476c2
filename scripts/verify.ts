/**
 * `npm run verify`: every check, cheapest first, stopping at the first that fails; ends with one line that counts the tests
 * of all runners: `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const REPORTS = path.join(ROOT, 'test-results/reports');

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** JSON report with the counts, where the step runs tests. */
  readonly report?: string;
}

const report = (name: string): string => path.join(REPORTS, `${name}.json`);
const script = (name: string, npmScript: string): Step => ({
  name,
  command: ['npm', 'run', '--silent', npmScript],
});
const vitest = (project: string): Step => ({
  name: `${project} tests`,
  command: [
    'vitest',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${report(project)}`,
  ],
  report: report(project),
});

/**
 * The branches of one stage run side by side: each keeps one core busy, and its steps run one after the other. What runs tests takes all
 * cores, and runs alone.
 */
const STAGES: readonly (readonly (readonly Step[])[])[] = [
  [
    // As long as all the others together.
    [script('lint', 'lint')],
    [
      script('format', 'format:check'),
      script('types', 'types'),
      script('layer rules', 'layers'),
      script('dead code', 'dead'),
      script('build', 'build'),
    ],
  ],
  [[vitest('unit')]],
  [[vitest('web')]],
  [[vitest('integration')]],
  [[{ name: 'end-to-end tests', command: ['playwright', 'test'], report: report('e2e') }]],
];

function counts(file: string): { passed: number; failed: number } {
  const json = JSON.parse(readFileSync(file, 'utf8')) as {
    numPassedTests?: number;
    numFailedTests?: number;
    stats?: { expected: number; unexpected: number; flaky: number };
  };
  if (json.stats !== undefined)
    return { passed: json.stats.expected, failed: json.stats.unexpected + json.stats.flaky };
  return { passed: json.numPassedTests ?? 0, failed: json.numFailedTests ?? 0 };
}

interface Outcome {
  readonly step: Step;
  readonly succeeded: boolean;
  readonly seconds: number;
}

/** `alone`: its output is shown as it comes; else all of it at the end. */
async function run(step: Step, alone: boolean): Promise<Outcome> {
  const startMs = performance.now();
  const [program, ...args] = step.command;
  const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report('e2e') };
  if (alone) console.log(`\n── ${step.name}`);
  const output: Buffer[] = [];
  const stdio = alone ? ('inherit' as const) : ('pipe' as const);
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', stdio, stdio] });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output.push(chunk);
    });
  const succeeded = await new Promise<boolean>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve(code === 0);
    });
  });
  if (!alone) console.log(`\n── ${step.name}\n${Buffer.concat(output).toString()}`);
  return { step, succeeded, seconds: (performance.now() - startMs) / 1000 };
}

/** Up to the first that fails. */
async function runBranch(steps: readonly Step[], alone: boolean): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of steps) {
    const outcome = await run(step, alone);
    outcomes.push(outcome);
    if (!outcome.succeeded) break;
  }
  return outcomes;
}

rmSync(REPORTS, { recursive: true, force: true });
mkdirSync(REPORTS, { recursive: true });
const total = { passed: 0, failed: 0 };
const timings: string[] = [];
const failed: string[] = [];

for (const stage of STAGES) {
  const outcomes = await Promise.all(stage.map((branch) => runBranch(branch, stage.length === 1)));
  for (const { step, succeeded, seconds } of outcomes.flat()) {
    timings.push(`${step.name} ${seconds.toFixed(0)} s`);
    if (!succeeded) failed.push(step.name);
    if (step.report === undefined) continue;
    const { passed, failed: failures } = counts(step.report);
    total.passed += passed;
    total.failed += failures;
  }
  if (failed.length > 0) break;
}

console.log(`\n${timings.join(' · ')}`);
if (failed.length > 0) console.error(`Failed: ${failed.join(', ')}`);
console.log(`${String(total.passed)} passed, ${String(total.failed)} failed`);
process.exit(failed.length === 0 ? 0 : 1);
