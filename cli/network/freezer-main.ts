/** The freezer's process: stops each relay for its delay and lets it run for a moment, again and again, until it is told to end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import { FreezerOrder } from './freezer.ts';
import { signalProcess } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** Enough for a relay to do what has piled up. */
const RUN_MS = 100;

const order = parseJsonWith(FreezerOrder, process.argv[2] ?? '', 'The order');
const ended = new AbortController();
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => ended.abort());

async function keepSlow(relay: ProcessIdentity, delayMs: number): Promise<void> {
  try {
    while (await signalProcess(relay, 'SIGSTOP')) {
      await sleep(delayMs, undefined, { signal: ended.signal });
      if (!(await signalProcess(relay, 'SIGCONT'))) return;
      await sleep(RUN_MS, undefined, { signal: ended.signal });
    }
  } catch (cause) {
    if (!ended.signal.aborted) throw cause;
  } finally {
    await signalProcess(relay, 'SIGCONT');
  }
}

await Promise.all(order.map(({ delayMs, ...relay }) => keepSlow(relay, delayMs)));
