/** Fifty relays on one machine. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CliUser } from '../../helpers/cli.ts';
import { processorSeconds, pssMib, sumOf } from '../../helpers/process-usage.ts';
import { freeUdpPort } from '../../helpers/relays.ts';
import type { Prepared, Scenario } from '../scenario.ts';
import { runProgram, secondsOf } from '../timing.ts';

const RELAYS = 50;
const SETTLE_MS = 60_000;
const IDLE_MS = 60_000;

async function run(user: CliUser, ...args: readonly string[]): Promise<string> {
  const result = await user.run('network', ...args);
  if (result.code !== 0) throw new Error(result.stderr);
  return result.stdout;
}

async function pidsOf(user: CliUser): Promise<number[]> {
  const { nodes } = JSON.parse(await run(user, 'status', '--json')) as { nodes: { pid: number }[] };
  return nodes.map(({ pid }) => pid);
}

async function prepareStart(): Promise<Prepared> {
  const user = await CliUser.create();
  const discoveryPort = String(await freeUdpPort());
  const ports = ['--base-port', '0', '--web-port', '0', '--discovery-port', discoveryPort];
  const nodes = Array.from({ length: RELAYS }, () => ['-e', '0'] as const);
  return {
    measureReference: () =>
      secondsOf(() => Promise.all(nodes.map((args) => runProgram(process.execPath, ...args)))),
    measureOurs: () => secondsOf(() => run(user, 'start', '--nodes', String(RELAYS), ...ports)),
    reset: async () => {
      await run(user, 'stop', '--clean');
    },
    notes: async () => {
      await sleep(SETTLE_MS);
      const pids = await pidsOf(user);
      const before = await sumOf(pids, processorSeconds);
      await sleep(IDLE_MS);
      const after = await sumOf(pids, processorSeconds);
      return {
        'idle, share of one core, at most 0.2': (after - before) / (IDLE_MS / 1000),
        'memory of all (PSS), MiB': await sumOf(pids, pssMib),
      };
    },
    [Symbol.asyncDispose]: async () => {
      await run(user, 'stop', '--clean');
      await user[Symbol.asyncDispose]();
    },
  };
}

export const swarmScenarios: readonly Scenario[] = [
  {
    name: 'start-50',
    title: `${String(RELAYS)} relays and the web UI, until all know each other`,
    ...{ unit: 's', ours: 'lanvault network start', reference: `${String(RELAYS)} times node -e 0` },
    bar: null,
    prepare: prepareStart,
  },
];
