import { flagsOf } from './completion-tree.ts';
import type { CompletedCommand, ValueKind } from './completion-tree.ts';

/** To be sourced, or to be found in a folder of `$fpath` as `_lanvault`. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const cases = commands.map(({ path, commands: below, options, value }) => {
    const flags = options.flatMap((option) =>
      flagsOf(option).map((flag) => quoted(flag, option.description)),
    );
    return `    '${path}')
      flags=(${flags.join(' ')})
      commands=(${below.map(({ name, description }) => quoted(name, description)).join(' ')})
      value=${single(valueOf(value))} ;;`;
  });
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap((option) => {
      if (option.value === null) return [];
      const patterns = flagsOf(option).map((flag) => `'${path}:${flag}'`);
      return [`    ${patterns.join('|')}) value=${single(valueOf(option.value))} ;;`];
    }),
  );
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  return `#compdef lanvault
# Completion of lanvault for zsh. Made by "lanvault completion zsh".
_lanvault_value() {
  case "$1:$2" in
${values.join('\n')}
    *) return 1 ;;
  esac
}

_lanvault_offer() {
  case "$1" in
    file) _files ;;
    folder) _files -/ ;;
    text) _message 'a value' ;;
    *) compadd -- \${=1} ;;
  esac
}

_lanvault() {
  local at= skip= value= word= i
  local -a flags commands
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if [[ -n $skip ]]; then skip=; continue; fi
    if _lanvault_value "$at" "$word"; then skip=1; continue; fi
    case "\${at:+$at }$word" in
      ${paths.join('|')}) at="\${at:+$at }$word" ;;
    esac
  done
  word=\${words[CURRENT]}
  if [[ -n $skip ]]; then
    _lanvault_value "$at" "\${words[CURRENT-1]}"
    _lanvault_offer "$value"
    return
  fi
  if [[ $word == --*=* ]] && _lanvault_value "$at" "\${word%%=*}"; then
    compset -P '*='
    _lanvault_offer "$value"
    return
  fi
  case "$at" in
${cases.join('\n')}
  esac
  if [[ $word == -* ]]; then
    _describe -o option flags
  elif ((\${#commands})); then
    _describe command commands
  else
    _lanvault_offer "$value"
  fi
}

if [[ "\${funcstack[1]}" == _lanvault ]]; then _lanvault "$@"; else compdef _lanvault lanvault; fi
`;
}

function valueOf(value: ValueKind): string {
  return typeof value === 'string' ? value : value.join(' ');
}

/** As `_describe` wants it. */
function quoted(word: string, description: string): string {
  return single(`${word}:${description}`);
}

function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
