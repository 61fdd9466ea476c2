/** The vault: its list of files and its words. */
import type { Command } from 'commander';
import type { ListOptions } from '../commands/list.ts';
import type { VaultPhraseOptions, VaultRestoreOptions } from '../commands/vault.ts';
import { withHelp } from './command-help.ts';
import { jsonOption, outputOf, swarmOptions } from './shared-options.ts';
import type { Json, ProgramContext } from './shared-options.ts';

export function addVaultCommands(program: Command, { signal }: ProgramContext): void {
  const load = () => import('../commands/vault.ts');
  const list = swarmOptions(program.command('list'))
    .description('list the files of your vault; with --scan or --entry-node, as all of its devices know them')
    .option('--links', 'with the link of each: whoever has it can read the file')
    .action(async (options: ListOptions & Json) => {
      const commands = await import('../commands/list.ts');
      await commands.list(options, outputOf(options), signal);
    });
  withHelp(list, {
    examples: [
      ['list', 'as this device knows it; needs no network'],
      ['list --scan', 'as all devices of your vault do'],
      ['list --scan --links', 'with links for reconstruct'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'interrupted'],
  });

  const vault = program.command('vault').description('your vault: what all your files can be read with');
  const phrase = jsonOption(vault.command('phrase'))
    .description('show the 24 words that bring the vault and its files back on another device')
    .option('--yes', 'do not ask')
    .action(async (options: VaultPhraseOptions & Json) => {
      await (await load()).vaultPhrase(options, outputOf(options), signal);
    });
  withHelp(phrase, {
    details: ['Whoever has the words can read and delete all your files. Write them on paper.'],
    examples: [['vault phrase', 'asks first']],
    outcomes: ['ok', 'usage', 'lost', 'io', 'interrupted'],
  });
  const restore = swarmOptions(vault.command('restore'))
    .description('make this device one of the vault whose 24 words are typed or piped in')
    .action(async (options: VaultRestoreOptions & Json) => {
      await (await load()).vaultRestore(options, outputOf(options), signal);
    });
  withHelp(restore, {
    details: ['The words come from stdin, never from the command line, which others can see.'],
    examples: [['vault restore --scan', 'type the words, then Enter and Ctrl-D']],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'interrupted'],
  });
}
