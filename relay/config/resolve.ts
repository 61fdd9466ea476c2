import path from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { SETTING_NAMES, readValue, settingOf } from './settings.ts';
import type { SettingName } from './settings.ts';
import type { Given, Source } from './sources.ts';

export interface Resolved {
  readonly given: Given;
  /** Of `given.texts`. */
  readonly values: readonly unknown[];
}

/** Every setting, in the table's order. */
export type ResolvedSettings = ReadonlyMap<SettingName, Resolved>;

/** The folder that holds `dist/`: this module lies in `relay/config/`, or was built into `dist/relay/`. */
const PROJECT_FOLDER = path.join(import.meta.dirname, '../..');

/**
 * Each setting from the first source that has it, lists as a whole. All that is written is checked, also where another source
 * wins. Throws `BAD_INPUT`.
 */
export function resolveSettings(sources: readonly Source[]): ResolvedSettings {
  const written = new Map<SettingName, Resolved>();
  for (const source of sources) {
    for (const [name, given] of source) {
      const resolved = resolve(name, given);
      if (!written.has(name)) written.set(name, resolved);
    }
  }
  return new Map(SETTING_NAMES.map((name) => [name, written.get(name) ?? fallbackOf(name)]));
}

function fallbackOf(name: SettingName): Resolved {
  const { fallback, required, placeholder } = settingOf(name);
  if (required === true) throw new AppError('BAD_INPUT', `--${name} ${placeholder} is required.`);
  const texts = fallback === undefined ? [] : [fallback];
  return resolve(name, { texts, where: 'default', folder: PROJECT_FOLDER });
}

function resolve(name: SettingName, given: Given): Resolved {
  const { texts, where, folder } = given;
  return { given, values: texts.map((text) => readValue(name, text, folder, where)) };
}
