/** Fifty relays with nothing to do, as `network start` runs them: for ten minutes neither memory nor handles nor logs grow. */
import { readdir, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { collectGarbage } from '../helpers/inspector.ts';
import { pssMib, sumOf } from '../helpers/process-usage.ts';
import { freeUdpPort } from '../helpers/relays.ts';

const RELAYS = 50;
/** More than one round of the mesh's slowest work: links that are looked for, opened and let go again. */
const WARM_UP_MS = 300_000;
const WATCHED_MS = 600_000;
const SAMPLE_MS = 15_000;
/** Over the ten minutes, of what nobody can reach any more already collected. */
const MAX_MEMORY_GROWTH = 0.03;
/** Of the highest number: links come and go in rounds of about four minutes. */
const MAX_HANDLE_GROWTH = 0.05;

async function handles(pid: number): Promise<number> {
  return (await readdir(`/proc/${String(pid)}/fd`)).length;
}

async function logBytes(logs: string): Promise<number> {
  const names = await readdir(logs);
  const sizes = await Promise.all(names.map(async (name) => (await stat(`${logs}/${name}`)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Proportional set size of all of them, in MiB: as it is, and without what nobody can reach any more. */
async function memoryOf(pids: readonly number[]): Promise<{ asItIs: number; collected: number }> {
  const asItIs = await sumOf(pids, pssMib);
  for (const pid of pids) await collectGarbage(pid);
  return { asItIs: Math.round(asItIs), collected: Math.round(await sumOf(pids, pssMib)) };
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

  const logs = user.path('logs');
  await sleep(WARM_UP_MS);
  const memoryBefore = await memoryOf(pids);
  // The inspector has said on each relay's log that it was there.
  const logBytesBefore = await logBytes(logs);
  const handlesSeen: number[] = [];
  const end = performance.now() + WATCHED_MS;
  while (performance.now() < end) {
    await sleep(SAMPLE_MS);
    handlesSeen.push(await sumOf(pids, handles));
  }
  const logBytesAfter = await logBytes(logs);
  const memoryAfter = await memoryOf(pids);
  const half = handlesSeen.length / 2;
  const highest = [Math.max(...handlesSeen.slice(0, half)), Math.max(...handlesSeen.slice(half))] as const;
  console.info(
    JSON.stringify({ memoryBefore, memoryAfter, handlesSeen, highest, logBytesBefore, logBytesAfter }),
  );
  expect(memoryAfter.collected).toBeLessThan(memoryBefore.collected * (1 + MAX_MEMORY_GROWTH));
  expect(highest[1]).toBeLessThan(highest[0] * (1 + MAX_HANDLE_GROWTH));
  expect(logBytesAfter).toBe(logBytesBefore);
});
