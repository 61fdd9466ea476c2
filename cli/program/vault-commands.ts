/** The vault: its list of files and its words. */
import type { Command } from 'commander';
import type { ListOptions } from '../commands/list.ts';
import type { FolderOptions, RemoveOptions } from '../commands/vault-folders.ts';
import type { VaultPhraseOptions, VaultRestoreOptions } from '../commands/vault.ts';
import { withHelp } from './command-help.ts';
import { jsonOption, outputOf, swarmOptions } from './shared-options.ts';
import type { Json, ProgramContext } from './shared-options.ts';

export function addVaultCommands(program: Command, context: ProgramContext): void {
  addList(program, context);
  addFolders(program, context);
  addVault(program, context);
}

function addVault(program: Command, { signal }: ProgramContext): void {
  const load = () => import('../commands/vault.ts');
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

function addList(program: Command, { signal }: ProgramContext): void {
  const list = swarmOptions(program.command('list'))
    .description('list the files of your vault; with --scan or --entry-node, as all of its devices know them')
    .argument('[path]', 'a folder or file of it; everything unless given')
    .option('--links', 'with the link of each: whoever has it can read the file')
    .action(async (path: string | undefined, options: ListOptions & Json) => {
      const commands = await import('../commands/list.ts');
      await commands.list(path, options, outputOf(options), signal);
    });
  withHelp(list, {
    examples: [
      ['list', 'as this device knows it; needs no network'],
      ['list --scan', 'as all devices of your vault do'],
      ['list photos --scan --links', 'one folder, with links'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'interrupted'],
  });
}

function addFolders(program: Command, { signal, setStatus }: ProgramContext): void {
  const load = () => import('../commands/vault-folders.ts');
  const later =
    'Without relays the change waits on this device, and the next command with relays brings it to your others.';
  const mkdir = swarmOptions(program.command('mkdir'))
    .description('make a folder in your vault’s list, and those above it')
    .argument('<path>', 'the folder, with / between its parts')
    .action(async (path: string, options: FolderOptions & Json) => {
      await (await load()).makeFolders(path, options, outputOf(options), signal);
    });
  withHelp(mkdir, {
    details: [later],
    examples: [['mkdir photos/2026', 'for mv']],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'interrupted'],
  });
  const mv = swarmOptions(program.command('mv'))
    .description('rename or move a file or folder in your vault’s list')
    .argument('<from>', 'what there is')
    .argument('<to>', 'its new path, or a folder that it goes into; / = the top')
    .action(async (from: string, to: string, options: FolderOptions & Json) => {
      await (await load()).move(from, to, options, outputOf(options), signal);
    });
  withHelp(mv, {
    details: [later],
    examples: [
      ['mv harbour.jpg photos/2026', 'into a folder'],
      ['mv photos/2026 photos/spring', 'another name'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'interrupted'],
  });
  const rm = swarmOptions(program.command('rm'))
    .description('delete a file of your vault’s list for everybody, or a folder with all that is in it')
    .argument('<path>', 'the file or folder')
    .option('-r, --recursive', 'a folder with files in it')
    .option('--list-only', 'take it off the list, and leave what is stored')
    .option('--yes', 'do not ask')
    .action(async (path: string, options: RemoveOptions & Json) => {
      setStatus(await (await load()).remove(path, options, outputOf(options), signal));
    });
  withHelp(rm, {
    details: [
      'A file can be deleted on the device that has uploaded it. Any device can take it off the list.',
    ],
    examples: [
      ['rm photos/harbour.jpg --scan', 'asks first'],
      ['rm -r photos --list-only --yes', 'only the list changes'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'forbidden', 'interrupted'],
  });
}
