/** The user's choices: theme, compression, how many copies an upload must reach; and whether the vault's words are kept. */
import { COMPRESSION_MODES } from '../../shared/codec/compression.ts';
import type { CompressionMode } from './engine-types.ts';
import { REPLICAS } from '../../shared/limits.ts';
import type { SettingsStore } from './settings-store.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeChoice = (typeof THEMES)[number];

/** `public/theme.js` reads the same key before the first paint. */
const THEME_KEY = 'lanvault-theme';
const COMPRESSION_KEY = 'lanvault-compression';
const MIN_REPLICAS_KEY = 'lanvault-min-replicas';

/** Of each part of a file; with fewer it does not count as stored. */
export const MIN_REPLICAS_CHOICES: readonly number[] = Array.from({ length: REPLICAS }, (_, i) => i + 1);

/** The vault's 24 words: whether they were asked for, put off, or are written down. */
export const PHRASE_STATES = ['unasked', 'later', 'kept'] as const;
export type PhraseState = (typeof PHRASE_STATES)[number];

const PHRASE_KEY = 'lanvault-phrase';

export class Preferences {
  readonly #store: SettingsStore;
  #theme: ThemeChoice;
  #compression: CompressionMode;
  #phrase: PhraseState;
  #minReplicas: number;

  constructor(store: SettingsStore) {
    this.#store = store;
    this.#theme = $state(oneOf(THEMES, store.get(THEME_KEY)) ?? 'system');
    this.#compression = $state(oneOf(COMPRESSION_MODES, store.get(COMPRESSION_KEY)) ?? 'smallest');
    const fewest = Number(store.get(MIN_REPLICAS_KEY));
    this.#minReplicas = $state(MIN_REPLICAS_CHOICES.find((choice) => choice === fewest) ?? 1);
    this.#phrase = $state(oneOf(PHRASE_STATES, store.get(PHRASE_KEY)) ?? 'unasked');
  }

  get phrase(): PhraseState {
    return this.#phrase;
  }

  set phrase(state: PhraseState) {
    this.#phrase = state;
    this.#store.set(PHRASE_KEY, state);
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

  get minReplicas(): number {
    return this.#minReplicas;
  }

  set minReplicas(count: number) {
    this.#minReplicas = count;
    this.#store.set(MIN_REPLICAS_KEY, String(count));
  }

  set compression(mode: CompressionMode) {
    this.#compression = mode;
    this.#store.set(COMPRESSION_KEY, mode);
  }
}

function oneOf<T extends string>(values: readonly T[], value: string | null): T | undefined {
  return values.find((candidate) => candidate === value);
}
