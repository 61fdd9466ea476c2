/**
 * `npm run chaos`: real relays on real disks in network namespaces, with people at work, while everything goes wrong.
 *
 *     npm run chaos -- --minutes 30                 # a new seed, which it prints
 *     npm run chaos -- --minutes 30 --seed 7        # the same choices again
 *     npm run chaos -- --mutants                    # that it can fail: with a safeguard taken out, it has to
 *     npm run chaos -- --mutants --only repair      # this one alone
 *
 * Needs root, and iproute2. Prints a line for each checkpoint (with `--verbose` for everything) and one of JSON at the end. Exit status
 * 1: a promise was broken; 2: a mutant was not found out.
 */
import { parseArgs } from 'node:util';
import { Broken } from './broken.ts';
import { runMutants } from './mutants.ts';
import { runChaos } from './run.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    verbose: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const seed = Number(values.seed);
const minutes = Number(values.minutes);
if (!Number.isSafeInteger(seed) || !(minutes > 0))
  throw new Error('--seed takes a whole number, --minutes one above 0.');
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
process.exitCode = values.mutants ? await runMutants(values.only, seed, stop.signal) : await chaos();

async function chaos(): Promise<number> {
  const again = `npm run chaos -- --minutes ${String(minutes)} --seed ${String(seed)}`;
  console.log(again);
  const say = (line: string): void => {
    if (values.verbose || line.startsWith('==')) console.log(line);
  };
  try {
    console.log(JSON.stringify({ seed, ...(await runChaos({ seed, minutes, say, signal: stop.signal })) }));
    return 0;
  } catch (cause) {
    if (!(cause instanceof Broken)) throw cause;
    console.log(`BROKEN: ${cause.message}\nThe same choices again: ${again}`);
    return 1;
  }
}
