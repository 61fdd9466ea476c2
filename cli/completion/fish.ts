import { flagsOf } from './completion-tree.ts';
import type { CompletedCommand, CompletedOption, ValueKind } from './completion-tree.ts';

export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => single(path));
  const valued = commands.flatMap(({ path, options }) =>
    options.flatMap((option) =>
      option.value === null ? [] : flagsOf(option).map((flag) => single(`${path}:${flag}`)),
    ),
  );
  return `# Completion of lanvault for fish. Made by "lanvault completion fish".
function __lanvault_at --description 'Whether the command line is at this command of lanvault'
    set -l paths ${paths.join(' ')}
    set -l valued ${valued.join(' ')}
    set -l at ''
    set -l skip 0
    set -l tokens (commandline -opc)
    for word in $tokens[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- "$at:$word" $valued
            set skip 1
        else if contains -- (string trim -- "$at $word") $paths
            set at (string trim -- "$at $word")
        end
    end
    test "$at" = "$argv[1]"
end

complete -c lanvault -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, commands, options, value }: CompletedCommand): string[] {
  const here = `complete -c lanvault -n ${single(`__lanvault_at ${single(path)}`)}`;
  const argument = commands.length > 0 || value === 'text' ? [] : [`${here}${valueOf(value)}`];
  return [
    ...commands.map(({ name, description }) => `${here} -a ${name} -d ${single(description)}`),
    ...argument,
    ...options.map((option) => `${here}${declared(option)} -d ${single(option.description)}`),
  ];
}

function declared({ short, long, value }: CompletedOption): string {
  const flags = `${short === null ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`;
  if (value === null) return flags;
  return value === 'file' ? `${flags} -r -F` : `${flags} -x${valueOf(value)}`;
}

function valueOf(value: ValueKind): string {
  if (value === 'file') return ' -F';
  if (value === 'folder') return " -a '(__fish_complete_directories)'";
  return value === 'text' ? '' : ` -a ${single(value.join(' '))}`;
}

function single(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
