/** Polls a condition on something outside this process. The deadline only bounds a failure; success never waits for it. */
import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 50;

export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline)
      throw new Error(`Did not come true in ${String(timeoutMs)} ms: ${what}`);
    await pause(POLL_MS);
  }
}
