/**
 * `npm run verify`: every check in turn, cheapest first, stopping at the first that fails; ends with one line that
 * counts the tests of all runners: `N passed, N failed`.
 */
import { spawnSync } from 'node:child_process';
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

const STEPS: readonly Step[] = [
  { name: 'format', command: ['npm', 'run', '--silent', 'format:check'] },
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'] },
  { name: 'types', command: ['npm', 'run', '--silent', 'types'] },
  { name: 'layer rules', command: ['npm', 'run', '--silent', 'layers'] },
  { name: 'dead code', command: ['npm', 'run', '--silent', 'dead'] },
  vitest('unit'),
  vitest('web'),
  { name: 'build', command: ['npm', 'run', '--silent', 'build'] },
  vitest('integration'),
  { name: 'end-to-end tests', command: ['playwright', 'test'], report: report('e2e') },
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

rmSync(REPORTS, { recursive: true, force: true });
mkdirSync(REPORTS, { recursive: true });
const total = { passed: 0, failed: 0 };
const timings: string[] = [];
let failedStep: string | undefined;

for (const { name, command, report: file } of STEPS) {
  console.log(`\n── ${name}`);
  const startMs = performance.now();
  const [program, ...args] = command;
  const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_NAME: report('e2e') };
  const { status } = spawnSync(program, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env });
  timings.push(`${name} ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  if (file !== undefined) {
    const { passed, failed } = counts(file);
    total.passed += passed;
    total.failed += failed;
  }
  if (status !== 0) {
    failedStep = name;
    break;
  }
}

console.log(`\n${timings.join(' · ')}`);
if (failedStep !== undefined) console.error(`Failed: ${failedStep}`);
console.log(`${String(total.passed)} passed, ${String(total.failed)} failed`);
process.exit(failedStep === undefined ? 0 : 1);
