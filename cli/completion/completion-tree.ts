/** What a shell needs to complete a command line, read from the program itself: nothing is listed twice. */
import type { Argument, Command, Option } from 'commander';

/** What may follow: files, folders, one of these words, or something that nobody can guess. */
export type ValueKind = 'file' | 'folder' | 'text' | readonly string[];

export interface CompletedOption {
  /** `-m`; null for none. */
  readonly short: string | null;
  /** `--manifest`. */
  readonly long: string;
  readonly description: string;
  /** Null for a flag that takes no value. */
  readonly value: ValueKind | null;
}

export interface CompletedCommand {
  /** What one types after `lanvault`, with a space between the parts; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** What its arguments are. */
  readonly value: ValueKind;
}

/** As they are typed: `-m`, `--manifest`. */
export function flagsOf({ short, long }: CompletedOption): string[] {
  return short === null ? [long] : [short, long];
}

/** Names of arguments and values that stand for files; other names are of things that the shell does not know. */
const FILES = new Set(['file', 'files', 'manifest', 'output', 'names']);

/** The program and every command in it, groups included. */
export function completionTree(command: Command, path = ''): CompletedCommand[] {
  const own: CompletedCommand = {
    path,
    commands: command.commands.map((each) => ({ name: each.name(), description: each.description() })),
    options: command.createHelp().visibleOptions(command).map(completedOption),
    value: argumentsOf(command.registeredArguments),
  };
  const below = command.commands.flatMap((each) =>
    completionTree(each, path === '' ? each.name() : `${path} ${each.name()}`),
  );
  return [own, ...below];
}

function completedOption({ flags, short, long, description, argChoices }: Option): CompletedOption {
  const name = /<([^>]+)>/.exec(flags)?.[1];
  return {
    short: short ?? null,
    long: long ?? flags,
    description,
    value: name === undefined ? null : (argChoices ?? optionValue(name)),
  };
}

function optionValue(name: string): ValueKind {
  if (name === 'folder') return 'folder';
  return name === 'file' || name === 'path' ? 'file' : 'text';
}

function argumentsOf(registered: readonly Argument[]): ValueKind {
  const choices = registered.find(({ argChoices }) => argChoices !== undefined)?.argChoices;
  if (choices !== undefined) return choices;
  return registered.some((argument) => FILES.has(argument.name())) ? 'file' : 'text';
}
