/** Fifty relays with nothing to do, as `network start` runs them: for ten minutes neither memory nor handles nor logs grow. */
import { readdir, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { median } from '../helpers/median.ts';
import { pssMib, sumOf } from '../helpers/process-usage.ts';
import { freeUdpPort } from '../helpers/relays.ts';

const RELAYS = 50;
/** Caches fill, compilers are done, the first rounds of everything are over. */
const WARM_UP_MS = 90_000;
const WATCHED_MS = 600_000;
const SAMPLE_MS = 15_000;
/** Over the ten minutes, as a share of what the relays have. */
const MAX_MEMORY_GROWTH = 0.03;
/** Of the handles: links come and go a little. */
const MAX_HANDLE_GROWTH = 0.01;

interface Sample {
  readonly atMs: number;
  /** Proportional set size of all processes. */
  readonly memoryMib: number;
  readonly handles: number;
  readonly logBytes: number;
}

async function handles(pid: number): Promise<number> {
  return (await readdir(`/proc/${String(pid)}/fd`)).length;
}

async function sampleOf(pids: readonly number[], logs: string): Promise<Sample> {
  const names = await readdir(logs);
  const sizes = await Promise.all(names.map(async (name) => (await stat(`${logs}/${name}`)).size));
  return {
    atMs: performance.now(),
    memoryMib: await sumOf(pids, pssMib),
    handles: await sumOf(pids, handles),
    logBytes: sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** What the values grow by in the time watched, as a share of them: the median of all slopes (Theil and Sen), deaf to single peaks. */
function growth(samples: readonly Sample[], valueOf: (sample: Sample) => number): number {
  const slopes = samples.flatMap((earlier, index) =>
    samples
      .slice(index + 1)
      .map((later) => (valueOf(later) - valueOf(earlier)) / (later.atMs - earlier.atMs)),
  );
  return (median(slopes) * WATCHED_MS) / median(samples.map(valueOf));
}

test('fifty idle relays stay as they are for ten minutes', async () => {
  const user = await CliUser.create();
  onTestFinished(async () => {
    await user.run('network', 'stop');
    await user[Symbol.asyncDispose]();
  });
  const ports = ['--base-port', '0', '--web-port', '0', '--discovery-port', String(await freeUdpPort())];
  const started = await user.run('network', 'start', '--nodes', String(RELAYS), ...ports);
  expect(started, started.stderr).toMatchObject({ code: 0 });
  const { stdout } = await user.run('network', 'status', '--json');
  const { nodes } = JSON.parse(stdout) as { nodes: { pid: number }[] };
  const pids = nodes.map(({ pid }) => pid);
  expect(pids).toHaveLength(RELAYS + 1);

  await sleep(WARM_UP_MS);
  const samples = [await sampleOf(pids, user.path('logs'))];
  const end = performance.now() + WATCHED_MS;
  while (performance.now() < end) {
    await sleep(SAMPLE_MS);
    samples.push(await sampleOf(pids, user.path('logs')));
  }
  const figures = {
    memoryMib: samples.map(({ memoryMib }) => Math.round(memoryMib)),
    handles: samples.map(({ handles }) => handles),
    logBytes: samples.map(({ logBytes }) => logBytes),
    memoryGrowth: growth(samples, ({ memoryMib }) => memoryMib),
    handleGrowth: growth(samples, ({ handles }) => handles),
  };
  console.info(JSON.stringify(figures));
  expect(figures.memoryGrowth).toBeLessThan(MAX_MEMORY_GROWTH);
  expect(figures.handleGrowth).toBeLessThan(MAX_HANDLE_GROWTH);
  expect(figures.logBytes.at(-1)).toBe(figures.logBytes[0]);
});
