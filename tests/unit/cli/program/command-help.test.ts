import { describe, expect, it } from 'vitest';
import { helpOf } from '../../../../cli/program/command-help.ts';
import { commandsOf, programTree } from '../../../helpers/cli-tree.ts';

const commands = commandsOf(programTree());

describe.each(commands.map(({ path, command }) => [path.join(' '), command] as const))(
  '%s --help',
  (name, command) => {
    let text = '';
    command.configureOutput({ writeOut: (part) => (text += part) });
    command.outputHelp();

    it('says what it does, with examples and how it may end', () => {
      expect(command.description()).not.toBe('');
      expect(text).toContain('\nExamples:\n');
      expect(text).toMatch(/\nExit codes:\n {4}0 {2}Done\.\n {4}2 {2}/);
    });

    it('has examples of commands and options that exist', () => {
      const examples = helpOf(command)?.examples ?? [];
      expect(examples.some(([example]) => `${example} `.startsWith(`${name} `))).toBe(true);
      for (const [example] of examples) {
        const own = commands.find(({ path }) => `${example} `.startsWith(`${path.join(' ')} `));
        const known = own?.command.options.flatMap(({ short, long }) => [short, long]);
        for (const flag of example.split('|')[0]?.match(/(?<=\s)--?[a-z][a-z-]*/g) ?? [])
          expect(known, example).toContain(flag);
      }
    });

    it('tells what every argument and option is', () => {
      for (const option of command.options) expect(option.description, option.flags).not.toBe('');
      for (const argument of command.registeredArguments) expect(argument.description).not.toBe('');
    });
  },
);
