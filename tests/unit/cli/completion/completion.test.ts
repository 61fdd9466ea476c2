/** The completion scripts in the shells that they are for. zsh and fish are tried where they are installed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completionTree } from '../../../../cli/completion/completion-tree.ts';
import { SHELLS } from '../../../../cli/completion/shells.ts';
import type { Shell } from '../../../../cli/completion/shells.ts';
import { callCli } from '../../../helpers/cli-call.ts';
import { programTree } from '../../../helpers/cli-tree.ts';
import { TempFolder } from '../adapters/temp-folder.ts';

const tree = completionTree(programTree());

let folder: TempFolder;
const scripts = new Map<Shell, string>();

beforeAll(async () => {
  folder = await TempFolder.create();
  for (const shell of SHELLS) {
    const { code, stdout, stderr } = await callCli(['completion', shell]);
    expect([code, stderr]).toEqual([0, '']);
    scripts.set(shell, stdout);
    await writeFile(folder.join(`completion.${shell}`), stdout);
  }
  await mkdir(folder.join('files/photos of 2026'), { recursive: true });
  await writeFile(folder.join('files/a plan.pdf'), '');
  await writeFile(folder.join('files/$(touch hacked).txt'), '');
});
afterAll(() => folder[Symbol.asyncDispose]());

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;
const run = (shell: string, ...args: readonly string[]): string[] =>
  execFileSync(shell, args, { cwd: folder.join('files'), encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');

/** Cases that every shell answers alike: a line up to the cursor, and what it may go on with. */
const LINES: readonly (readonly [line: string, expected: readonly string[]])[] = [
  ['lanvault netw', ['network']],
  ['lanvault network s', ['slow', 'start', 'status', 'stop']],
  ['lanvault network start --nod', ['--nodes']],
  ['lanvault visualize --format ', ['json', 'mermaid', 'svg']],
  ['lanvault visualize --scan --format s', ['svg']],
  ['lanvault completion ', ['bash', 'fish', 'zsh']],
  ['lanvault distribute --name list --compr', ['--compression']],
  ['lanvault network start --data-dir ', ['photos of 2026']],
  ['lanvault catalog publish a', ['a plan.pdf']],
  ['lanvault vault ', ['phrase', 'restore']],
];

describe('what is completed', () => {
  it('is every command and option that there is', () => {
    const paths = (command = programTree(), above = ''): string[] => [
      above,
      ...command.commands.flatMap((each) => paths(each, `${above} ${each.name()}`.trim())),
    ];
    expect(tree.map(({ path }) => path)).toEqual(paths());
    for (const { path, options } of tree) {
      expect(
        options.map(({ long }) => long),
        path,
      ).toContain('--help');
      for (const { short, long } of options)
        expect([short ?? '-x', long].join(' ')).toMatch(/^-[a-zA-Z] --[a-z-]+$/);
    }
    expect(tree.find(({ path }) => path === 'distribute')?.value).toBe('file');
    expect(tree.find(({ path }) => path === 'network kill')?.value).toBe('text');
  });
});

describe('bash', () => {
  /** As readline hands it over: split at its word breaks, `=` and `:` among them. */
  const complete = (line: string): string[] => {
    const words = line
      .split(' ')
      .flatMap((word) => (word === '' ? [''] : word.split(/([=:])/).filter(Boolean)));
    const script = `source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lanvault 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return run('bash', '--norc', '-c', script, folder.join('completion.bash'), ...words).sort();
  };

  it.each(LINES)('%s', (line, expected) => expect(complete(line)).toEqual(expected));

  it('knows values after =, and takes none for a command', () => {
    expect(complete('lanvault visualize --format=')).toEqual(['json', 'mermaid', 'svg']);
    expect(complete('lanvault visualize --format=m')).toEqual(['mermaid']);
    expect(complete('lanvault list --entry-node=http://10.0.0.5:8000 --li')).toEqual(['--links']);
    expect(complete('lanvault distribute --name network start')).toEqual([]);
    expect(complete('lanvault network kill ')).toEqual([]);
  });

  it('offers files whatever they are called, and runs nothing of their names', () => {
    expect(complete('lanvault distribute ')).toEqual(['$(touch hacked).txt', 'a plan.pdf', 'photos of 2026']);
    expect(run('ls')).not.toContain('hacked');
  });

  it('offers all of each command', () => {
    for (const { path, commands, options } of tree) {
      const line = `lanvault ${path} `.replace('  ', ' ');
      const flags = options.flatMap(({ short, long }) => [...(short === null ? [] : [short]), long]);
      expect(complete(`${line}-`)).toEqual([...flags].sort());
      if (commands.length > 0) expect(complete(line)).toEqual(commands.map(({ name }) => name).sort());
    }
  }, 60_000);
});

describe.runIf(has('zsh'))('zsh', () => {
  /** The script in a real zsh; what it offers is printed instead of shown. */
  const complete = (line: string): string[] => {
    const stubs = `
      typeset -a words
      compdef() { :; }
      _message() { :; }
      _files() { if [[ $1 == -/ ]]; then print -l -- *(/N); else print -l -- *(N); fi }
      compadd() { shift; print -l -- "$@"; }
      _describe() { print -l -- "\${(@)\${(@P)@[-1]}%%:*}"; }`;
    const script = `${stubs}\nsource "$1"; shift; words=("$@"); CURRENT=$#; _lanvault`;
    const typed = line.split(' ').at(-1) ?? '';
    return run('zsh', '-f', '-c', script, 'zsh', folder.join('completion.zsh'), ...line.split(' '))
      .filter((word) => word.startsWith(typed))
      .sort();
  };

  it.each(LINES)('%s', (line, expected) => expect(complete(line)).toEqual(expected));
});

describe.runIf(has('fish'))('fish', () => {
  const complete = (line: string): string[] =>
    run(
      'fish',
      '--no-config',
      '-c',
      'source $argv[1]; complete -C $argv[2]',
      folder.join('completion.fish'),
      line,
    )
      .map((offer) => (offer.split('\t')[0] ?? '').replaceAll('\\', '').replace(/\/$/, ''))
      .sort();

  it.each(LINES)('%s', (line, expected) => expect(complete(line)).toEqual(expected));
});
