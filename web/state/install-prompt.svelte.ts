/** The browser's offer to install the app, kept until the user takes it up. */

/** Chromium's event; it is in no standard library. */
interface BeforeInstallPromptEvent extends Event {
  prompt(): Promise<unknown>;
}

function isInstallPrompt(event: Event): event is BeforeInstallPromptEvent {
  return 'prompt' in event && typeof event.prompt === 'function';
}

export class InstallPrompt implements Disposable {
  readonly #target: EventTarget;
  #event = $state.raw<BeforeInstallPromptEvent | null>(null);

  /** `target`: the window. */
  constructor(target: EventTarget) {
    this.#target = target;
    target.addEventListener('beforeinstallprompt', this.#keep);
    target.addEventListener('appinstalled', this.#drop);
  }

  get available(): boolean {
    return this.#event !== null;
  }

  /** Asks the user through the browser's own dialog. The event serves once. */
  async ask(): Promise<void> {
    const event = this.#event;
    this.#event = null;
    await event?.prompt();
  }

  [Symbol.dispose](): void {
    this.#target.removeEventListener('beforeinstallprompt', this.#keep);
    this.#target.removeEventListener('appinstalled', this.#drop);
  }

  readonly #keep = (event: Event): void => {
    if (!isInstallPrompt(event)) return;
    event.preventDefault();
    this.#event = event;
  };

  readonly #drop = (): void => {
    this.#event = null;
  };
}
