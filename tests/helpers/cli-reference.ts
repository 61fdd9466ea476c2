/** docs/cli.md as data: what it says of each command, for tests that compare it with the program. */
import { readFile } from 'node:fs/promises';

export interface DocumentedCommand {
  /** What one types: `network start`. */
  readonly name: string;
  readonly flags: readonly string[];
  /** What stands in capitals outside of brackets that hold a flag: its arguments. */
  readonly synopsis: string;
}

/** Keys of one object that a command prints; those in `optional` need not be there. */
export interface DocumentedShape {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

const FLAG = /(?<![\w-])-{1,2}[a-zA-Z][a-z-]*/g;

export async function readCliReference(): Promise<string> {
  return readFile(new URL('../../docs/cli.md', import.meta.url), 'utf8');
}

export function flagsIn(text: string): string[] {
  return [...new Set(text.match(FLAG) ?? [])];
}

/** Every synopsis, with what its `[WHERE]` and the like stand for. `names`: all commands, which tell where a name ends. */
export function documentedCommands(page: string, names: readonly string[]): DocumentedCommand[] {
  const stands = new Map(
    [...page.matchAll(/^`\[([A-Z]+)\]` stands for `([^`]+)`/gm)].map(([, word = '', text = '']) => [
      word,
      text,
    ]),
  );
  const synopses = [...page.matchAll(/^```\n([^`]*)\n```$/gm)].flatMap(([, block = '']) =>
    block
      .replaceAll(/\n +/g, ' ')
      .split('\n')
      .filter((line) => line.startsWith('lanvault ')),
  );
  return synopses.map((line) => {
    const whole = line.replaceAll(/\[([A-Z]+)\]/g, (given, word: string) => stands.get(word) ?? given);
    const rest = whole.slice('lanvault '.length);
    const name = [...names]
      .sort((a, b) => b.length - a.length)
      .find((candidate) => rest === candidate || rest.startsWith(`${candidate} `));
    if (name === undefined) throw new Error(`docs/cli.md has a synopsis of no command: ${line}`);
    return { name, flags: flagsIn(rest), synopsis: rest };
  });
}

/** What each command prints with `--json`, by name; several where it depends. */
export function documentedShapes(page: string): Map<string, DocumentedShape[]> {
  const section = page.slice(page.indexOf('## What `--json` prints'));
  const table = section.slice(0, section.indexOf('\n## ', 1));
  const shapes = new Map<string, DocumentedShape[]>();
  for (const [, name = '', text = ''] of table.matchAll(/^\| `([a-z -]+)` +\| (.+?) *\|$/gm)) {
    const fields = [...text.matchAll(/(\[?)`([a-z_]+)`/g)]
      // A word that is the name of something else stands after "as in", "with" or "by".
      .filter(
        (match) => !/(as in|with each|each with its|by position in|as) $/.test(text.slice(0, match.index)),
      );
    const optional = fields.filter(([, bracket]) => bracket === '[').map(([, , key = '']) => key);
    const required = fields.map(([, , key = '']) => key).filter((key) => !optional.includes(key));
    shapes.set(name, [...(shapes.get(name) ?? []), { required, optional }]);
  }
  return shapes;
}

/** What is wrong with an object that a command has printed; null for nothing. */
export function shapeFault(value: unknown, shapes: readonly DocumentedShape[] | undefined): string | null {
  if (typeof value !== 'object' || value === null) return 'not an object';
  const keys = Object.keys(value);
  const fits = (shapes ?? []).some(
    ({ required, optional }) =>
      required.every((key) => keys.includes(key)) &&
      keys.every((key) => required.includes(key) || optional.includes(key)),
  );
  return fits ? null : `${keys.join(', ')} is not what docs/cli.md says`;
}
