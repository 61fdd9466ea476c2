/** The composition of the app's state: what lives from the first paint, and the session once the engine runs. */
import { AppError } from '../../shared/errors.ts';
import type { AddressBar } from './address-bar.ts';
import { InstallPrompt } from './install-prompt.svelte.ts';
import { LinkAddress } from './link-address.svelte.ts';
import { Notices } from './notices.svelte.ts';
import { Preferences } from './preferences.svelte.ts';
import { Routes } from './routes.svelte.ts';
import { Session } from './session.svelte.ts';
import { VaultDoor } from './vault-door.svelte.ts';
import type { AppEngine, AskPassphrase, WipeNews } from './engine-types.ts';
import type { SettingsStore } from './settings-store.ts';

export interface AppSurroundings {
  readonly settings: SettingsStore;
  /** Where `beforeinstallprompt` arrives. */
  readonly window: EventTarget;
  readonly address: AddressBar;
  /** Loads and starts the engine; the code arrives after the first paint. */
  readonly loadEngine: (preferences: Preferences, askPassphrase: AskPassphrase) => Promise<AppEngine>;
  readonly wipeNews: WipeNews;
  readonly passphrases: Passphrases;
  /** Clears this browser, once no engine runs in this page any more. Throws `CONFLICT`, `IO`. */
  readonly wipeBrowser: () => Promise<void>;
}

/** See `web/engine/device/passphrase.ts`: for while no engine runs in this page. */
export interface Passphrases {
  check(passphrase: string | null): Promise<void>;
  change(current: string | null, next: string | null): Promise<void>;
}

/** The app has ended: `wiping`, `wiped` and `not-wiped` by this tab, `wiped-elsewhere` by another one. */
export type AppEnd = 'wiping' | 'wiped' | 'not-wiped' | 'wiped-elsewhere';

export class App implements AsyncDisposable {
  readonly #loadEngine: AppSurroundings['loadEngine'];
  readonly #passphrases: Passphrases;
  readonly #wipeBrowser: () => Promise<void>;
  readonly #wipeNews: WipeNews;
  readonly #stopWipeNews: () => void;
  readonly preferences: Preferences;
  readonly notices = new Notices();
  readonly install: InstallPrompt;
  readonly linkAddress: LinkAddress;
  readonly routes: Routes;
  #session = $state.raw<Session | null>(null);
  #startError = $state.raw<AppError | null>(null);
  #end = $state<AppEnd | null>(null);
  #door = $state.raw<VaultDoor | null>(null);
  /** The one that has just been set: nobody is asked for it again at once. */
  #passphrase: string | null = null;

  constructor(surroundings: AppSurroundings) {
    this.#loadEngine = surroundings.loadEngine;
    this.#passphrases = surroundings.passphrases;
    this.#wipeBrowser = surroundings.wipeBrowser;
    this.#wipeNews = surroundings.wipeNews;
    this.#stopWipeNews = surroundings.wipeNews.listen(() => {
      this.#end = 'wiped-elsewhere';
      this.#endSession().catch((cause: unknown) => reportError(cause));
    });
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

  /** Not null: the vault wants its passphrase. */
  get door(): VaultDoor | null {
    return this.#door;
  }

  /** Not null: there is nothing left to do here but to begin anew. */
  get end(): AppEnd | null {
    return this.#end;
  }

  /** Ends the session, here and in other tabs, and forgets all that this browser keeps. Why it could not is the `startError`; it can be tried again. */
  async wipe(): Promise<void> {
    this.#end = 'wiping';
    this.#startError = null;
    try {
      await this.#endSession();
      this.#wipeNews.tell();
      await this.#wipeBrowser();
      this.#end = 'wiped';
    } catch (cause) {
      this.#end = 'not-wiped';
      this.#startError = AppError.from(cause);
    }
  }

  /**
   * Takes `next` in place of the passphrase; null: none. The session ends and another one begins; a notice says how it went.
   * Throws while it still goes on: `FORBIDDEN` when `current` is wrong, `CONFLICT` when something is under way.
   */
  async changePassphrase(current: string | null, next: string | null): Promise<void> {
    if (this.#session?.busy === true)
      throw new AppError('CONFLICT', 'Something is still on its way here: wait until it has ended.');
    await this.#passphrases.check(current);
    await this.#endSession();
    try {
      await this.#passphrases.change(current, next);
      this.#passphrase = next;
      this.notices.info(
        next === null
          ? 'Lanvault asks for no passphrase any more'
          : 'Lanvault asks for this passphrase from now on',
      );
    } catch (cause) {
      this.#passphrase = current;
      this.notices.error('The passphrase stays as it was', cause);
    }
    await this.start();
  }

  async start(): Promise<void> {
    this.#startError = null;
    try {
      const engine = await this.#loadEngine(this.preferences, (attempt) => this.#ask(attempt));
      if (this.#end === null) this.#session = new Session(engine, this.notices, this.routes);
      else await engine[Symbol.asyncDispose]();
    } catch (cause) {
      if (this.#end === null) this.#startError = AppError.from(cause);
    }
  }

  async #ask<Opened>(attempt: (passphrase: string) => Promise<Opened>): Promise<Opened> {
    const known = this.#passphrase;
    this.#passphrase = null;
    if (known !== null) return attempt(known);
    const { door, opened } = VaultDoor.ask(attempt);
    this.#door = door;
    try {
      return await opened;
    } finally {
      this.#door = null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopWipeNews();
    this.install[Symbol.dispose]();
    this.linkAddress[Symbol.dispose]();
    this.routes[Symbol.dispose]();
    this.notices[Symbol.dispose]();
    await this.#endSession();
  }

  async #endSession(): Promise<void> {
    this.#door?.close();
    const session = this.#session;
    this.#session = null;
    await session?.[Symbol.asyncDispose]();
  }
}
