import { flagsOf } from './completion-tree.ts';
import type { CompletedCommand, ValueKind } from './completion-tree.ts';

/** Needs nothing but bash itself, 3.2 or newer. Readline gives `--flag=value` as three words, and a URL as several. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const words = commands.map(
    ({ path, commands: below, options, value }) =>
      `    '${path}')\n${[
        `      flags='${options.flatMap(flagsOf).join(' ')}'`,
        `      words='${[...below.map(({ name }) => name), ...(typeof value === 'string' ? [] : value)].join(' ')}'`,
        ...(value === 'text' ? [] : [`      kind=${kindOf(value)}`]),
      ].join('\n')} ;;`,
  );
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap((option) => {
      if (option.value === null) return [];
      const patterns = flagsOf(option).map((flag) => `'${path}:${flag}'`);
      const choices = typeof option.value === 'string' ? '' : ` words='${option.value.join(' ')}'`;
      return [`    ${patterns.join('|')}) kind=${kindOf(option.value)}${choices} ;;`];
    }),
  );
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `# Completion of lanvault for bash. Made by "lanvault completion bash".
_lanvault_value() {
  kind= words=
  case "$1:$2" in
${values.join('\n')}
    *) return 1 ;;
  esac
}

_lanvault() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  local at= next= skip= kind= words= flags= word= i
  COMPREPLY=()
  if [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  if [[ $cur == = ]]; then cur=; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == = ]]; then continue; fi
    if [[ -n $skip ]]; then skip=; continue; fi
    if _lanvault_value "$at" "$word"; then skip=1; continue; fi
    next=\${at:+$at }$word
    case "$next" in
      ${paths.join('|')}) at=$next ;;
    esac
  done
  if _lanvault_value "$at" "$prev"; then :
  else
    kind= words= flags=
    case "$at" in
${words.join('\n')}
    esac
    if [[ $cur == -* ]]; then kind= words=$flags; fi
  fi
  while IFS= read -r word; do
    if [[ -n $word ]]; then COMPREPLY+=("$word"); fi
  done < <(
    if [[ -n $words ]]; then compgen -W "$words" -- "$cur"; fi
    if [[ $kind == file ]]; then compgen -f -- "$cur"; fi
    if [[ $kind == folder ]]; then compgen -d -- "$cur"; fi
  )
  # Folders get their slash, and spaces in names are quoted.
  if [[ $kind == file || $kind == folder ]]; then compopt -o filenames 2>/dev/null; fi
  return 0
}

complete -F _lanvault lanvault
`;
}

function kindOf(value: ValueKind): string {
  return typeof value === 'string' ? value : 'choice';
}
