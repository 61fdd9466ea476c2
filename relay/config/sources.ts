/** Where settings are written: flags, environment variables and a config file, each read into the same form. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { AppError } from '../../shared/errors.ts';
import { SETTING_NAMES, isSettingName, settingOf } from './settings.ts';
import type { SettingName } from './settings.ts';

/** One setting as somebody wrote it. */
export interface Given {
  readonly texts: readonly string[];
  /** How whoever wrote it would look for it. */
  readonly where: string;
  /** From which relative paths start. */
  readonly folder: string;
}

export type Source = ReadonlyMap<SettingName, Given>;

const ENV_PREFIX = 'LANVAULT_RELAY_';
const CONFIG_VARIABLE = `${ENV_PREFIX}CONFIG`;

export function variableOf(name: SettingName): string {
  return ENV_PREFIX + name.toUpperCase().replaceAll('-', '_');
}

export interface CommandLine {
  readonly settings: Source;
  readonly configFile: string | undefined;
  readonly help: boolean;
  readonly printConfig: boolean;
}

/** Throws `BAD_INPUT` for flags that there are not. */
export function readFlags(argv: readonly string[]): CommandLine {
  const { config, help, 'print-config': printConfig, ...flags } = parseFlags(argv);
  const settings = new Map<SettingName, Given>();
  for (const [name, value] of Object.entries(flags)) {
    if (!isSettingName(name) || value === undefined) continue;
    const texts = [value].flat().map(String);
    settings.set(name, { texts, where: `--${name}`, folder: process.cwd() });
  }
  const configFile = typeof config === 'string' ? path.resolve(config) : undefined;
  return { settings, configFile, help: help === true, printConfig: printConfig === true };
}

function parseFlags(argv: readonly string[]) {
  const options = Object.fromEntries(
    SETTING_NAMES.map((name) => {
      const { repeatable = false, isSwitch = false } = settingOf(name);
      return [name, { type: isSwitch ? 'boolean' : 'string', multiple: repeatable } as const];
    }),
  );
  try {
    return parseArgs({
      args: [...argv],
      options: {
        ...options,
        config: { type: 'string' },
        'print-config': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
      strict: true,
      allowPositionals: false,
    }).values;
  } catch (cause) {
    const [firstSentence] = (cause instanceof Error ? cause.message : String(cause)).split(/\.\s/);
    throw new AppError('BAD_INPUT', `${firstSentence ?? ''}. See --help.`, { cause });
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Empty variables count as absent; several values are separated by commas. Throws `BAD_INPUT` for a variable that means nothing. */
export function readEnvironment(env: Environment): Pick<CommandLine, 'settings' | 'configFile'> {
  const names = new Map(SETTING_NAMES.map((name) => [variableOf(name), name]));
  const settings = new Map<SettingName, Given>();
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(ENV_PREFIX) || variable === CONFIG_VARIABLE) continue;
    const name = names.get(variable);
    if (name === undefined) throw new AppError('BAD_INPUT', `${variable} is no setting. See --help.`);
    if (text === undefined || text === '') continue;
    const texts = settingOf(name).repeatable === true ? text.split(',') : [text];
    settings.set(name, { texts, where: variable, folder: process.cwd() });
  }
  const file = env[CONFIG_VARIABLE];
  return { settings, configFile: file === undefined || file === '' ? undefined : path.resolve(file) };
}

/** A TOML file whose keys are the flags' names. Throws `IO`; `BAD_INPUT` that names the line or key. */
export async function readConfigFile(file: string): Promise<Source> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('IO', `The config file ${file} cannot be read.`, { cause });
  }
  const settings = new Map<SettingName, Given>();
  for (const [name, value] of Object.entries(await parseToml(file, text))) {
    const where = `${file}: ${name}`;
    if (!isSettingName(name)) throw new AppError('BAD_INPUT', `${where} is no setting. See --help.`);
    settings.set(name, { texts: textsOf(name, value, where), where, folder: path.dirname(file) });
  }
  return settings;
}

async function parseToml(file: string, text: string): Promise<Record<string, unknown>> {
  // Most relays have no config file, and start without its parser.
  const { TomlError, parse } = await import('smol-toml');
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const what = /^Invalid TOML document: (.*)/.exec(cause.message)?.[1] ?? 'not TOML';
    throw new AppError('BAD_INPUT', `${file}, line ${cause.line}: ${what}.`, { cause });
  }
}

function textsOf(name: SettingName, value: unknown, where: string): string[] {
  const { repeatable = false, takes } = settingOf(name);
  const values = repeatable && Array.isArray(value) ? (value as unknown[]) : [value];
  return values.map((item) => {
    if (typeof item === 'string') return item;
    if (typeof item === 'boolean' || (typeof item === 'number' && Number.isSafeInteger(item)))
      return String(item);
    throw new AppError('BAD_INPUT', `${where} takes ${takes}.`);
  });
}
