/**
 * `npm run bench [-- --only NAME] [--runs N]`: measures what Lanvault does beside a reference, in turns, and prints medians and ratios.
 * `tests/bench/results.json` keeps them; each is held against the last one.
 */
import { parseArgs } from 'node:util';
import { describeMachine } from './machine.ts';
import { keepResults, lastResults, ratioOf, reaches } from './results.ts';
import type { Result } from './results.ts';
import { Missing } from './scenario.ts';
import type { Scenario } from './scenario.ts';
import { cliScenarios } from './scenarios/cli.ts';
import { relayScenarios } from './scenarios/relay.ts';
import { swarmScenarios } from './scenarios/swarm.ts';
import { median } from '../helpers/median.ts';

const DEFAULT_RUNS = 5;
const SCENARIOS: readonly Scenario[] = [...cliScenarios, ...relayScenarios, ...swarmScenarios];

/** One round that does not count, then so many, the reference and ours in turns. */
async function measure(scenario: Scenario, runs: number): Promise<Result> {
  await using prepared = await scenario.prepare();
  const ours: number[] = [];
  const reference: number[] = [];
  for (let round = -1; round < runs; round++) {
    const theirs = await prepared.measureReference();
    const own = await prepared.measureOurs();
    if (round >= 0) {
      reference.push(theirs);
      ours.push(own);
    }
    const last = round === runs - 1;
    if (!last) await prepared.reset?.();
  }
  const notes = (await prepared.notes?.()) ?? {};
  const ratio = ratioOf(ours, reference);
  return { ours, reference, ratio, notes, at: new Date().toISOString(), machine: describeMachine() };
}

function describe(
  scenario: Scenario,
  { ours, reference, ratio, notes }: Result,
  last: Result | undefined,
): string {
  const { bar, unit } = scenario;
  const figure = (value: number): string => `${value.toPrecision(3)} ${unit}`;
  const wanted =
    bar === null ? '' : ` (${bar.is} ${bar.ratio}: ${reaches(ratio, bar) ? 'reached' : 'MISSED'})`;
  const before = last === undefined ? '' : `, last time ${last.ratio.toPrecision(3)}`;
  return [
    scenario.title,
    `  ${scenario.ours}: ${figure(median(ours))}; ${scenario.reference}: ${figure(median(reference))}`,
    `  ratio ${ratio.toPrecision(3)}${wanted}${before}`,
    ...Object.entries(notes).map(([name, value]) => `  ${name}: ${Number(value.toPrecision(4))}`),
  ].join('\n');
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, runs: { type: 'string', default: String(DEFAULT_RUNS) } },
});
const runs = Number(values.runs);
const chosen = SCENARIOS.filter(({ name }) => name.includes(values.only ?? ''));
if (chosen.length === 0 || !Number.isInteger(runs) || runs < 1) {
  console.error(
    `--runs takes a number from 1, --only a part of one of: ${SCENARIOS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}
const { cpu, cores, memoryGib, system, node } = describeMachine();
console.log(`${cpu}, ${cores} cores, ${memoryGib} GiB, ${system}, Node ${node}; medians of ${runs}\n`);
let results = await lastResults();
for (const scenario of chosen) {
  try {
    const result = await measure(scenario, runs);
    console.log(`${describe(scenario, result, results[scenario.name])}\n`);
    results = { ...results, [scenario.name]: result };
    await keepResults(results);
  } catch (cause) {
    if (!(cause instanceof Missing)) throw cause;
    console.log(`${scenario.title}\n  left out: ${cause.message}\n`);
  }
}
