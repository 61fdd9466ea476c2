/** What `--help` says of a command beyond its options: details, examples and how it may end. Tests and the reference read it too. */
import type { Command } from 'commander';
import { EXIT_CODES } from '../exit-codes.ts';
import type { Outcome } from '../exit-codes.ts';
import { wrap } from '../text.ts';

export interface CommandHelp {
  /** Paragraphs that stand below the options. */
  readonly details?: readonly string[];
  /** What one types after `lanvault`, and what for. */
  readonly examples: readonly (readonly [command: string, purpose: string])[];
  /** How it may end, bugs apart. */
  readonly outcomes: readonly Outcome[];
}

const WIDTH = 80;
const helps = new WeakMap<Command, CommandHelp>();

/** Makes `help` part of the command's `--help`. */
export function withHelp(command: Command, help: CommandHelp): Command {
  helps.set(command, help);
  return command.addHelpText('after', `\n${formatHelp(help)}`);
}

/** Undefined for a command that only groups others. */
export function helpOf(command: Command): CommandHelp | undefined {
  return helps.get(command);
}

function formatHelp({ details = [], examples, outcomes }: CommandHelp): string {
  const wide = Math.max(...examples.map(([command]) => command.length));
  const inline = wide <= 48;
  const lines = examples.flatMap(([command, purpose]) =>
    inline
      ? [`  lanvault ${command.padEnd(wide)}  # ${purpose}`]
      : [`  # ${purpose}`, `  lanvault ${command}`],
  );
  return [
    ...details.flatMap((text) => [...wrap(text, WIDTH), '']),
    'Examples:',
    ...lines,
    '',
    'Exit codes:',
    ...outcomes.map((outcome) => {
      const { status, meaning } = EXIT_CODES[outcome];
      return `  ${String(status).padStart(3)}  ${meaning}`;
    }),
  ].join('\n');
}
