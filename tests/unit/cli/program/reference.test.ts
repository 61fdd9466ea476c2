/** docs/cli.md tells of every command and option that there is, and of no other. */
import { beforeAll, describe, expect, it } from 'vitest';
import {
  documentedCommands,
  documentedShapes,
  flagsIn,
  readCliReference,
} from '../../../helpers/cli-reference.ts';
import type { DocumentedCommand } from '../../../helpers/cli-reference.ts';
import { commandsOf, programTree } from '../../../helpers/cli-tree.ts';

const commands = commandsOf(programTree()).map(({ path, command }) => ({ name: path.join(' '), command }));
const names = commands.map(({ name }) => name);
/** They become relays, which print JSON anyway. */
const WITHOUT_JSON = ['start-node', 'web-ui'];

let page: string;
let documented: DocumentedCommand[];
beforeAll(async () => {
  page = await readCliReference();
  documented = documentedCommands(page, names);
});

it('every command once', () => {
  expect(documented.map(({ name }) => name).sort()).toEqual([...names].sort());
});

describe.each(commands)('$name', ({ name, command }) => {
  const synopsis = (): DocumentedCommand => {
    const found = documented.find((each) => each.name === name);
    if (found === undefined) throw new Error(`docs/cli.md does not tell of ${name}.`);
    return found;
  };

  it('each of its options, and no other', () => {
    const known = command.options.flatMap(({ short, long }) => [short, long]);
    for (const flag of synopsis().flags) expect(known).toContain(flag);
    for (const { short, long } of command.options)
      expect(
        synopsis().flags.some((flag) => flag === long || flag === short),
        `${String(long)} in docs/cli.md`,
      ).toBe(true);
  });

  it('the choices of its options', () => {
    for (const { long, argChoices } of command.options)
      if (argChoices !== undefined)
        expect(synopsis().synopsis).toContain(`${String(long)} ${argChoices.join('|')}`);
  });

  it('as many arguments as it takes', () => {
    const words = synopsis()
      .synopsis.slice(name.length)
      .replaceAll(/\[-[^\]]*\]/g, '')
      .trim();
    const given = words === '' ? [] : words.split(/ +/);
    // Two arguments that options can stand for are one to commander.
    const taken = command.registeredArguments.flatMap((each) =>
      each.name() === 'names' ? [each, each] : [each],
    );
    expect(given).toHaveLength(taken.length);
    expect(given.map((word) => word.includes('…'))).toEqual(
      taken.map(({ variadic }, i) => variadic && taken[i] !== taken[i + 1] && taken[i] !== taken[i - 1]),
    );
  });

  it('what it prints with --json, which it has', () => {
    const hasJson = command.options.some(({ long }) => long === '--json');
    expect(hasJson).toBe(!WITHOUT_JSON.includes(name));
    expect(documentedShapes(page).has(name)).toBe(hasJson);
  });
});

it('no flag anywhere that no command has', () => {
  const all = new Set(
    commands.flatMap(({ command }) => command.options.flatMap(({ short, long }) => [short, long])),
  );
  // Of npm, and of commander itself.
  const others = new Set(['-s', '--help', '--version']);
  const code = [...page.matchAll(/`[^`\n]+`|```[^`]*```/g)].map(([text]) =>
    text.replaceAll(/(^|\s)--(?=\s)/g, ' '),
  );
  for (const flag of code.flatMap(flagsIn))
    expect(all.has(flag) || others.has(flag), `${flag} in docs/cli.md`).toBe(true);
});
