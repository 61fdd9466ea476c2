import type { EngineClock } from '../../../shared/engine/clock.ts';
import type { Fetch } from '../../../shared/engine/relay-http.ts';
import { RelayOperator, isOperatorToken } from '../../../shared/engine/relay-operator.ts';
import { AppError } from '../../../shared/errors.ts';
import { Watchers } from '../watchers.ts';
import type { OperatorPort, OperatorState } from './storage-contract.ts';

export interface PageOperatorOptions {
  /** Of the relay that serves this page: a page asks no other. */
  readonly origin: string;
  readonly fetch: Fetch;
  readonly clock: EngineClock;
}

const LOCKED: OperatorState = {
  unlocked: false,
  departure: null,
  leaving: false,
  repairing: false,
  report: null,
  error: null,
};

/** The token stays in this object: nothing writes it anywhere. */
export class PageOperator implements OperatorPort {
  readonly #options: PageOperatorOptions;
  readonly #watchers = new Watchers<OperatorState>(() => this.#state);
  #state = LOCKED;
  #relay: RelayOperator | null = null;
  #watching = new AbortController();

  constructor(options: PageOperatorOptions) {
    this.#options = options;
  }

  watch(callback: (state: OperatorState) => void): () => void {
    return this.#watchers.watch(callback);
  }

  async unlock(text: string): Promise<void> {
    const token = text.trim();
    if (!isOperatorToken(token))
      throw new AppError(
        'BAD_INPUT',
        'This is not an operator token: it has 64 characters, digits and the letters a to f.',
      );
    const { origin: url, fetch, clock } = this.#options;
    const relay = new RelayOperator({ name: 'This relay', url, token, fetch, clock });
    const departure = await relay.departure(this.#watching.signal);
    this.#relay = relay;
    this.#set({ ...LOCKED, unlocked: true, departure });
    // It was begun before: what becomes of it is to be seen.
    if (departure.state !== 'serving') void this.leave();
  }

  lock(): void {
    this.#watching.abort();
    this.#watching = new AbortController();
    this.#relay = null;
    this.#set(LOCKED);
  }

  async repair(): Promise<void> {
    const relay = this.#relay;
    if (relay === null || this.#state.repairing || this.#state.leaving) return;
    this.#set({ repairing: true, report: null, error: null });
    await this.#watch(async (signal) => {
      const report = await relay.repair((soFar) => this.#set({ report: soFar }), signal);
      this.#set({ report });
    });
  }

  async leave(): Promise<void> {
    const relay = this.#relay;
    if (relay === null || this.#state.leaving) return;
    this.#set({ leaving: true, error: null });
    await this.#watch((signal) => relay.leave((departure) => this.#set({ departure }), signal));
  }

  dispose(): void {
    this.#watching.abort();
    this.#relay = null;
    this.#watchers.dispose();
  }

  async #watch(work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const { signal } = this.#watching;
    try {
      await work(signal);
      if (!signal.aborted) this.#set({ leaving: false, repairing: false });
    } catch (cause) {
      // Locked meanwhile: the order stands, and nobody here looks any more.
      if (signal.aborted) return;
      const { code, message } = AppError.from(cause);
      this.#set({ leaving: false, repairing: false, error: { code, message } });
    }
  }

  #set(change: Partial<OperatorState>): void {
    this.#state = { ...this.#state, ...change };
    this.#watchers.changed();
  }
}
