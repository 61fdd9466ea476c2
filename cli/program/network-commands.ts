/** The network of relays on one machine. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { DEFAULT_DISCOVERY_PORT } from '../../shared/limits.ts';
import type {
  NetworkFaultOptions,
  NetworkReviveOptions,
  NetworkSlowOptions,
} from '../commands/network-faults.ts';
import type { NetworkStartOptions } from '../commands/network-start.ts';
import type { NetworkStatusOptions } from '../commands/network-status.ts';
import type { NetworkStopOptions } from '../commands/network-stop.ts';
import { integerBetween, parsePort, parsePortOrZero } from '../option-parsers.ts';
import { withHelp } from './command-help.ts';
import { jsonOption, outputOf } from './shared-options.ts';
import type { Json, ProgramContext } from './shared-options.ts';

const DEFAULT_TLS_PORT = 8443;

const DATA_DIR = new Option('--data-dir <folder>', 'data of the relays (default: network_data)');
const LOG_DIR = new Option('--log-dir <folder>', 'their logs (default: logs)');

export function addNetworkCommands(program: Command, { signal, setStatus }: ProgramContext): void {
  const network = program.command('network').description('a whole network of relays on this machine');

  const start = jsonOption(network.command('start'))
    .description('start relays and the web UI in the background')
    .option('--nodes <n>', 'how many relays', integerBetween(1, 1000), 50)
    .option('--base-port <n>', 'HTTP port of the first; 0 = any ports', parsePortOrZero, 8000)
    .option('--web-port <n>', 'port of the web UI; 0 = any', parsePortOrZero, 8888)
    .option('--host <address>', 'address to listen on; 0.0.0.0 opens it to the LAN', '127.0.0.1')
    .option('--discovery-port <n>', 'UDP port of beacons', parsePort, DEFAULT_DISCOVERY_PORT)
    .option('--swarm-key <file>', 'key that makes the network private')
    .option('--tls', 'HTTPS for the web UI, so that phones get the whole app')
    .option('--tls-port <n>', 'its port; 0 = any', parsePortOrZero, DEFAULT_TLS_PORT)
    .addOption(DATA_DIR)
    .addOption(LOG_DIR)
    .action(async (options: NetworkStartOptions & Json) => {
      const { networkStart } = await import('../commands/network-start.ts');
      await networkStart(options, outputOf(options), signal);
    });
  withHelp(start, {
    details: ['What runs already is kept, what is missing is started.'],
    examples: [
      ['network start', '50 relays, and the web app on http://localhost:8888'],
      ['network start --nodes 10 --base-port 9000', 'a smaller one'],
      ['network start --host 0.0.0.0 --tls', 'for phones too: http://localhost:8888/trust says how'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'interrupted'],
  });

  const stop = jsonOption(network.command('stop'))
    .description('stop them')
    .option('--clean', 'remove their data and logs as well')
    .addOption(DATA_DIR)
    .addOption(LOG_DIR)
    .action(async (options: NetworkStopOptions & Json) => {
      const { networkStop } = await import('../commands/network-stop.ts');
      await networkStop(options, outputOf(options));
    });
  withHelp(stop, {
    examples: [
      ['network stop', 'the data stays: start goes on with it'],
      ['network stop --clean', 'the data goes'],
    ],
    outcomes: ['ok', 'usage', 'lost', 'io', 'conflict'],
  });

  const status = jsonOption(network.command('status'))
    .description('show each of them')
    .addOption(DATA_DIR)
    .action(async (options: NetworkStatusOptions & Json) => {
      const { networkStatus } = await import('../commands/network-status.ts');
      setStatus(await networkStatus(options, outputOf(options), signal));
    });
  withHelp(status, {
    examples: [['network status', 'ends with 0 when every process answers']],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'interrupted'],
  });

  addFaultCommands(network, signal);
}

function addFaultCommands(network: Command, signal: AbortSignal): void {
  const load = () => import('../commands/network-faults.ts');
  const relays = 'names or ports, or how many at random';
  const watch = 'The Network view of the web app shows what happens, and what the others do about it.';
  const kill = jsonOption(network.command('kill'))
    .description('kill relays of the running network, to see it heal')
    .argument('<relays...>', relays)
    .addOption(DATA_DIR)
    .action(async (given: string[], options: NetworkFaultOptions & Json) => {
      await (await load()).networkKill(given, options, outputOf(options));
    });
  withHelp(kill, {
    details: ['Their processes end at once, by SIGKILL; their data stays.', watch],
    examples: [
      ['network kill 4', 'any four relays'],
      ['network kill relay-8003 8010', 'these two'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict'],
  });
  const slow = jsonOption(network.command('slow'))
    .description('make relays of the running network slow')
    .argument('<relays...>', relays)
    .option('--delay <ms>', 'how long each is frozen at a time, 10 to 2000', integerBetween(10, 2000), 500)
    .addOption(DATA_DIR)
    .action(async (given: string[], options: NetworkSlowOptions & Json) => {
      await (await load()).networkSlow(given, options, outputOf(options));
    });
  withHelp(slow, {
    details: [
      'Their processes are stopped for that long and run for 100 ms, again and again (SIGSTOP, SIGCONT), so that every answer of theirs may take so much longer.',
      watch,
    ],
    examples: [['network slow 3 --delay 1000', 'any three relays']],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict'],
  });
  const revive = jsonOption(network.command('revive'))
    .description('bring killed and slow relays back: those named, or all')
    .argument('[relays...]', relays)
    .addOption(DATA_DIR)
    .addOption(LOG_DIR)
    .action(async (given: string[], options: NetworkReviveOptions & Json) => {
      await (await load()).networkRevive(given, options, outputOf(options), signal);
    });
  withHelp(revive, {
    details: ['They come back on their ports, with their data.'],
    examples: [
      ['network revive', 'all'],
      ['network revive relay-8003', 'one of them'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'interrupted'],
  });
}
