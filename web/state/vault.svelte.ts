/** The vault's devices and its 24 words, for whoever looks at them. */
import { AppError } from '../../shared/errors.ts';
import type { AppEngine, RestoredVault, VaultStatus } from './engine-types.ts';

export type Restoring =
  | { readonly phase: 'idle' }
  | { readonly phase: 'running' }
  | { readonly phase: 'failed'; readonly error: AppError }
  | { readonly phase: 'done'; readonly result: RestoredVault };

export class Vault implements Disposable {
  readonly #engine: AppEngine;
  readonly #stop: () => void;
  #status = $state.raw<VaultStatus | null>(null);
  #restoring = $state.raw<Restoring>({ phase: 'idle' });
  #abort = new AbortController();

  constructor(engine: AppEngine) {
    this.#engine = engine;
    this.#stop = engine.vault.watchStatus((status) => (this.#status = status));
  }

  /** Null for a moment at the start. */
  get status(): VaultStatus | null {
    return this.#status;
  }

  get restoring(): Restoring {
    return this.#restoring;
  }

  /** Throws `AppError`. */
  phrase(): Promise<string> {
    return this.#engine.vault.phrase();
  }

  /** Throws `AppError`. */
  phraseWords(): Promise<readonly string[]> {
    return this.#engine.vault.phraseWords();
  }

  /** What goes wrong stands in the status. */
  async compare(): Promise<void> {
    await this.#engine.vault.compare(this.#abort.signal).catch((cause: unknown) => {
      if (!(cause instanceof AppError)) throw cause;
    });
  }

  /** Whether it worked; `restoring` tells how it stands. */
  async restore(phrase: string): Promise<boolean> {
    const abort = new AbortController();
    this.#abort = abort;
    this.#restoring = { phase: 'running' };
    try {
      const result = await this.#engine.vault.restore(phrase, abort.signal);
      this.#restoring = { phase: 'done', result };
      return true;
    } catch (cause) {
      this.#restoring = abort.signal.aborted
        ? { phase: 'idle' }
        : { phase: 'failed', error: AppError.from(cause) };
      return false;
    }
  }

  /** Ends a restore that runs: nothing has changed then. */
  cancel(): void {
    this.#abort.abort();
    if (this.#restoring.phase !== 'running') this.#restoring = { phase: 'idle' };
  }

  [Symbol.dispose](): void {
    this.#stop();
    this.#abort.abort();
  }
}
