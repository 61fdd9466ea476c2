/** The command line as a tree that tests walk: what commander itself goes by. */
import type { Command } from 'commander';
import { createProgram } from '../../cli/program.ts';

export interface TreeCommand {
  /** What one types: `['network', 'start']`. */
  readonly path: readonly string[];
  readonly command: Command;
}

export function programTree(): Command {
  return createProgram({ signal: new AbortController().signal, setStatus: () => undefined });
}

/** Every command that does something; those that only group others are left out. */
export function commandsOf(program: Command, path: readonly string[] = []): TreeCommand[] {
  return program.commands.flatMap((command) => {
    const here = [...path, command.name()];
    return command.commands.length > 0 ? commandsOf(command, here) : [{ path: here, command }];
  });
}
