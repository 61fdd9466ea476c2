/**
 * Two hundred clients at once on one relay for five minutes (`LOAD_SECONDS` for another time), chunks of 1 MiB; then a client that
 * hangs on as many connections as it gets, which delays nobody.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { MAX_CONCURRENT_PUTS } from '../../shared/limits.ts';
import { hang, keepBusy } from '../helpers/load-clients.ts';
import type { Action, LoadRecord } from '../helpers/load-clients.ts';
import { rssMib } from '../helpers/process-usage.ts';
import { startRelays } from '../helpers/relays.ts';
import { expectServing } from '../fuzz/endpoints/still-serves.ts';

const CLIENTS = 200;
const SECONDS = Number(process.env['LOAD_SECONDS'] ?? 300);
/** Of the comparison with and without a client that hangs. */
const COMPARED_SECONDS = Math.max(5, SECONDS / 10);
const COMPARED_CLIENTS = 10;
/**
 * A relay that nobody asks takes 110 MiB. Bodies are streamed to and from the disk, a piece of 64 KiB or two at a time for each of 200
 * clients: 50 MiB. The rest, 200 MiB in five minutes, is what the collector has not come to yet.
 */
const MAX_RSS_MIB = 512;
/** As many bodies as a relay has places for, which is more than one remote client gets; header by header as many again. */
const HUNG = { headers: 64, bodies: MAX_CONCURRENT_PUTS, readers: 16 };
/** A machine with other work to do is no hung client's fault. */
const MAX_SLOWER = 3;
const SLOWER_MS = 20;

const ACTIONS: readonly Action[] = ['PUT', 'GET', 'DELETE'];

function summary(record: LoadRecord): object {
  const figures = ACTIONS.map((action) => {
    const [p50, p99] = [0.5, 0.99].map((share) => Math.round(record.percentile(action, share)));
    return { action, answered: record.latenciesMs[action].length, p50, p99 };
  });
  return { figures, statuses: Object.fromEntries(record.statuses) };
}

it('answers two hundred clients at once, within bounded memory, and whoever hangs delays nobody', async () => {
  await using swarm = await startRelays(1);
  const { port, pid } = swarm.entry;
  const rss: number[] = [];
  const after = (seconds: number): AbortSignal => AbortSignal.timeout(seconds * 1000);

  const loaded = after(SECONDS);
  const watched = (async () => {
    while (!loaded.aborted) {
      rss.push(await rssMib(pid));
      await pause(500);
    }
  })();
  const load = await keepBusy(port, CLIENTS, loaded);
  await watched;
  console.log('load', SECONDS, 's', JSON.stringify({ ...summary(load), mostRssMib: Math.max(...rss) }));
  expect(load.errors).toEqual([]);
  for (const action of ACTIONS) expect(load.latenciesMs[action].length, action).toBeGreaterThan(CLIENTS);
  expect(Math.max(...rss)).toBeLessThan(MAX_RSS_MIB);

  const alone = await keepBusy(port, COMPARED_CLIENTS, after(COMPARED_SECONDS));
  const compared = after(COMPARED_SECONDS);
  const [beside, { cutOff }] = await Promise.all([
    keepBusy(port, COMPARED_CLIENTS, compared),
    hang(port, HUNG, compared),
  ]);
  console.log('alone', JSON.stringify(summary(alone)));
  console.log('beside one that hangs', JSON.stringify({ ...summary(beside), cutOff }));
  for (const record of [alone, beside]) expect(record.errors).toEqual([]);
  for (const action of ACTIONS)
    expect(beside.percentile(action, 0.5), action).toBeLessThan(
      MAX_SLOWER * alone.percentile(action, 0.5) + SLOWER_MS,
    );
  // Neither are they turned away for it.
  expect(beside.latenciesMs.PUT.length * MAX_SLOWER).toBeGreaterThan(alone.latenciesMs.PUT.length);
  await expectServing(swarm);
});
