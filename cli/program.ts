/** The command line: all commands. Each command's module is loaded when it runs, so that `--help` is quick. */
import { Command } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { exitCodeHelp } from './exit-codes.ts';
import { addCatalogCommands } from './program/catalog-commands.ts';
import { addCompletionCommand } from './program/completion-command.ts';
import { addFileCommands } from './program/file-commands.ts';
import { addNetworkCommands } from './program/network-commands.ts';
import { addOperatorCommands } from './program/operator-commands.ts';
import { addRelayCommands } from './program/relay-commands.ts';
import type { ProgramContext } from './program/shared-options.ts';
import { addVaultCommands } from './program/vault-commands.ts';

export function createProgram(context: ProgramContext): Command {
  const program = new Command('lanvault')
    .description('One private, redundant store out of the spare disks on your LAN.')
    .version(packageJson.version)
    .helpCommand(false)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', `\n${exitCodeHelp()}`);
  addFileCommands(program, context);
  addVaultCommands(program, context);
  addCatalogCommands(program, context);
  addRelayCommands(program, context);
  addNetworkCommands(program, context);
  addOperatorCommands(program, context);
  addCompletionCommand(program);
  return program;
}
