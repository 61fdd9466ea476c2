/** The commands that people are told to type: the lines of `sh` blocks. */
import { fencedBlocks } from './docs.ts';
import type { Page } from './docs.ts';

export interface DocCommand {
  /** As the page has it, without its comment. */
  readonly text: string;
  /** What follows `lanvault`; null for any other program. */
  readonly args: readonly string[] | null;
}

const LANVAULT = [['npm', 'run', '-s', 'lanvault', '--'], ['npx', 'lanvault'], ['lanvault']];

export function commandsOn(page: Page): DocCommand[] {
  return fencedBlocks(page)
    .filter(({ language }) => language === 'sh')
    .flatMap(({ lines }) =>
      lines
        .join('\n')
        .replaceAll(/\\\n\s*/g, '')
        .split('\n'),
    )
    .map((line) => line.replace(/(^|\s)#\s.*$/, '').trim())
    .flatMap((line) => line.split(' && '))
    .filter((text) => text !== '')
    .map((text) => ({ text: text.trim(), args: lanvaultArgs(words(text)) }));
}

/** Lines of blocks without a language that look like commands: they are to be `sh`. */
export function unmarkedCommandsOn(page: Page): string[] {
  return fencedBlocks(page)
    .filter(({ language }) => language === '')
    .flatMap(({ lines }) =>
      lines.filter((line) => /^(?:npm|npx|lanvault|sudo|systemctl|python3) /.test(line)),
    );
}

function lanvaultArgs(all: readonly string[]): readonly string[] | null {
  const prefix = LANVAULT.find((start) => start.every((word, i) => all[i] === word));
  return prefix === undefined ? null : all.slice(prefix.length);
}

/** Throws for what a shell would take apart in other ways. */
function words(text: string): string[] {
  const plain = text.replaceAll(/'[^']*'|"[^"$`\\]*"/g, '');
  if (/[|<>;&$`"'*()]/.test(plain)) throw new Error(`More than plain words: ${text}`);
  return Array.from(text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g), ([, a, b, c]) => a ?? b ?? c ?? '');
}
