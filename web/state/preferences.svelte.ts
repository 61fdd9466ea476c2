/** The user's choices: theme and compression. */
import { COMPRESSION_MODES } from '../../shared/codec/compression.ts';
import type { CompressionMode } from './engine-types.ts';
import type { SettingsStore } from './settings-store.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEMES)[number];

/** `public/theme.js` reads the same key before the first paint. */
const THEME_KEY = 'lanvault-theme';
const COMPRESSION_KEY = 'lanvault-compression';

export class Preferences {
  readonly #store: SettingsStore;
  #theme: ThemeChoice;
  #compression: CompressionMode;

  constructor(store: SettingsStore) {
    this.#store = store;
    this.#theme = $state(oneOf(THEMES, store.get(THEME_KEY)) ?? 'system');
    this.#compression = $state(oneOf(COMPRESSION_MODES, store.get(COMPRESSION_KEY)) ?? 'smallest');
  }

  get theme(): ThemeChoice {
    return this.#theme;
  }

  set theme(theme: ThemeChoice) {
    this.#theme = theme;
    this.#store.set(THEME_KEY, theme);
  }

  get compression(): CompressionMode {
    return this.#compression;
  }

  set compression(mode: CompressionMode) {
    this.#compression = mode;
    this.#store.set(COMPRESSION_KEY, mode);
  }
}

function oneOf<T extends string>(values: readonly T[], value: string | null): T | undefined {
  return values.find((candidate) => candidate === value);
}
