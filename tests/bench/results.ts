/** Results of `npm run bench`: kept as JSON, so that the next run can be held against the last. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Machine } from './machine.ts';
import type { Scenario } from './scenario.ts';
import { median } from '../helpers/median.ts';

const FILE = path.join(import.meta.dirname, 'results.json');

export interface Result {
  readonly ours: readonly number[];
  readonly reference: readonly number[];
  /** The median of the rounds' ratios. */
  readonly ratio: number;
  readonly notes: Readonly<Record<string, number>>;
  /** ISO 8601. */
  readonly at: string;
  readonly machine: Machine;
}

export type Results = Readonly<Record<string, Result>>;

/** Ratios of the same round: what slowed one of the two down slowed the other, too. */
export function ratioOf(ours: readonly number[], reference: readonly number[]): number {
  return median(ours.map((value, round) => value / (reference[round] ?? Number.NaN)));
}

export function reaches(ratio: number, bar: Scenario['bar']): boolean {
  if (bar === null) return true;
  return bar.is === 'at most' ? ratio <= bar.ratio : ratio >= bar.ratio;
}

export async function lastResults(): Promise<Results> {
  try {
    return JSON.parse(await readFile(FILE, 'utf8')) as Results;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw cause;
  }
}

export async function keepResults(results: Results): Promise<void> {
  await writeFile(FILE, `${JSON.stringify(results, null, 2)}\n`);
}
