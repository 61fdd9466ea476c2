import type { Command } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { completionTree } from '../completion/completion-tree.ts';
import { fishCompletion } from '../completion/fish.ts';
import type { Shell } from '../completion/shells.ts';
import { zshCompletion } from '../completion/zsh.ts';
import type { Output } from '../output.ts';

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** Prints a script that makes the shell complete this program's commands, options and files. */
export function completion(shell: Shell, program: Command, output: Output): void {
  const script = SCRIPTS[shell](completionTree(program));
  output.say(script.trimEnd());
  output.result({ shell, script });
}
