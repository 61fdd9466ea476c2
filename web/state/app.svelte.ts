/** The composition of the app's state: what lives from the first paint, and the session once the engine runs. */
import { AppError } from '../../shared/errors.ts';
import type { AddressBar } from './address-bar.ts';
import { InstallPrompt } from './install-prompt.svelte.ts';
import { LinkAddress } from './link-address.svelte.ts';
import { Notices } from './notices.svelte.ts';
import { Preferences } from './preferences.svelte.ts';
import { Routes } from './routes.svelte.ts';
import { Session } from './session.svelte.ts';
import type { AppEngine } from './engine-types.ts';
import type { SettingsStore } from './settings-store.ts';

export interface AppSurroundings {
  readonly settings: SettingsStore;
  /** Where `beforeinstallprompt` arrives. */
  readonly window: EventTarget;
  readonly address: AddressBar;
  /** Loads and starts the engine; the code arrives after the first paint. */
  readonly loadEngine: () => Promise<AppEngine>;
}

export class App implements AsyncDisposable {
  readonly #loadEngine: () => Promise<AppEngine>;
  readonly preferences: Preferences;
  readonly notices = new Notices();
  readonly install: InstallPrompt;
  readonly linkAddress: LinkAddress;
  readonly routes: Routes;
  #session = $state.raw<Session | null>(null);
  #startError = $state.raw<AppError | null>(null);

  constructor(surroundings: AppSurroundings) {
    this.#loadEngine = surroundings.loadEngine;
    this.preferences = new Preferences(surroundings.settings);
    this.install = new InstallPrompt(surroundings.window);
    this.linkAddress = new LinkAddress(surroundings.address);
    this.routes = new Routes(surroundings.address);
  }

  /** Null while the engine starts, and when it could not. */
  get session(): Session | null {
    return this.#session;
  }

  get startError(): AppError | null {
    return this.#startError;
  }

  async start(): Promise<void> {
    this.#startError = null;
    try {
      this.#session = new Session(await this.#loadEngine(), this.notices);
    } catch (cause) {
      this.#startError = AppError.from(cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = null;
    this.install[Symbol.dispose]();
    this.linkAddress[Symbol.dispose]();
    this.routes[Symbol.dispose]();
    this.notices[Symbol.dispose]();
    await session?.[Symbol.asyncDispose]();
  }
}
