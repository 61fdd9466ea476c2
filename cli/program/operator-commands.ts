/** Orders to relays that this user runs. */
import type { Command } from 'commander';
import type { RepairOptions } from '../commands/repair.ts';
import type { UnjoinOptions } from '../commands/unjoin.ts';
import { parseRelayUrl } from '../option-parsers.ts';
import { withHelp } from './command-help.ts';
import { jsonOption, outputOf } from './shared-options.ts';
import type { Json, ProgramContext } from './shared-options.ts';

export function addOperatorCommands(program: Command, { signal, setStatus }: ProgramContext): void {
  const operated = (command: Command): Command =>
    jsonOption(
      command
        .option('--storage-dir <folder>', 'the storage folder of the relay, with its operator.token')
        .option('--entry-node <url>', 'where the relay is reached, if not at its own address', parseRelayUrl)
        .option('--data-dir <folder>', 'data of the running network (default: network_data)'),
    );

  const repair = operated(program.command('repair'))
    .description('make missing copies now: on one relay, or on each of the running network')
    .argument('[relays...]', 'names or ports of relays of the running network')
    .action(async (relays: string[], options: RepairOptions & Json) => {
      const commands = await import('../commands/repair.ts');
      setStatus(await commands.repair(relays, options, outputOf(options), signal));
    });
  withHelp(repair, {
    examples: [
      ['repair', 'every relay of the running network'],
      ['repair relay-8003', 'one of them'],
      ['repair --storage-dir /srv/lanvault', 'one that "start-node" runs'],
    ],
    outcomes: ['ok', 'usage', 'degraded', 'relays', 'lost', 'io', 'conflict', 'forbidden', 'interrupted'],
  });
  const unjoin = operated(program.command('unjoin'))
    .description('have a relay hand its chunks over to others, wipe them and stop')
    .argument('[relay]', 'name or port of a relay of the running network')
    .option('--yes', 'do not ask')
    .action(async (relay: string | undefined, options: UnjoinOptions & Json) => {
      const commands = await import('../commands/unjoin.ts');
      setStatus(await commands.unjoin(relay, options, outputOf(options), signal));
    });
  withHelp(unjoin, {
    details: ['If a chunk finds no other relay that takes it, nothing is wiped and the relay stays.'],
    examples: [
      ['unjoin 8003', 'a relay of the running network'],
      ['unjoin --storage-dir /srv/lanvault --yes', 'one that "start-node" runs'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'forbidden', 'interrupted'],
  });
}
