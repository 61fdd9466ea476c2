/** Ends the processes of a network: asks first, then insists. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, signalProcess } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

const POLL_MS = 50;
const GRACE_MS = 10_000;

export interface ShutdownReport {
  /** Ended on SIGTERM. */
  readonly stopped: number;
  /** Had to be killed. */
  readonly killed: number;
  /** Were not running any more. */
  readonly gone: number;
}

/** SIGTERM to all, SIGKILL to those left after the grace period. Resolves when none of them runs. */
export async function shutDown(
  processes: readonly ProcessIdentity[],
  graceMs: number = GRACE_MS,
): Promise<ShutdownReport> {
  const asked: ProcessIdentity[] = [];
  for (const identity of processes) if (await signalProcess(identity, 'SIGTERM')) asked.push(identity);
  const deadline = performance.now() + graceMs;
  let left = await waitForEnd(asked, deadline);
  const killed = left.length;
  for (const identity of left) await signalProcess(identity, 'SIGKILL');
  while (left.length > 0) left = await waitForEnd(left, performance.now() + graceMs);
  return { stopped: asked.length - killed, killed, gone: processes.length - asked.length };
}

/** SIGKILL to all, as a failure would come. Resolves with those that were running, once none of them is. */
export async function killAll<T extends ProcessIdentity>(processes: readonly T[]): Promise<T[]> {
  const hit: T[] = [];
  for (const identity of processes) if (await signalProcess(identity, 'SIGKILL')) hit.push(identity);
  await waitForEnd(hit, Infinity);
  return hit;
}

/** Those that still run at the deadline. Another's processes send no event, so they are looked at now and then. */
async function waitForEnd(
  processes: readonly ProcessIdentity[],
  deadlineMs: number,
): Promise<readonly ProcessIdentity[]> {
  let left = processes;
  for (;;) {
    const running = await Promise.all(left.map(isRunning));
    left = left.filter((_, index) => running[index]);
    if (left.length === 0 || performance.now() >= deadlineMs) return left;
    await sleep(POLL_MS);
  }
}
