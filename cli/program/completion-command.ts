/** Completion in shells. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { SHELLS } from '../completion/shells.ts';
import type { Shell } from '../completion/shells.ts';
import { withHelp } from './command-help.ts';
import { jsonOption, outputOf } from './shared-options.ts';
import type { Json } from './shared-options.ts';

export function addCompletionCommand(program: Command): void {
  const command = jsonOption(program.command('completion'))
    .description('print the script that makes a shell complete commands, options and files')
    .addArgument(new Argument('<shell>', 'which one').choices(SHELLS))
    .action(async (shell: Shell, options: Json) => {
      const { completion } = await import('../commands/completion.ts');
      completion(shell, program, outputOf(options));
    });
  withHelp(command, {
    details: ['It completes "lanvault", as an installed one is called. Make it again after an update.'],
    examples: [
      ['completion bash > ~/.local/share/bash-completion/completions/lanvault', 'bash'],
      ['completion zsh > ~/.zfunc/_lanvault', 'zsh, with ~/.zfunc in $fpath before compinit'],
      ['completion fish > ~/.config/fish/completions/lanvault.fish', 'fish'],
    ],
    outcomes: ['ok', 'usage'],
  });
}
