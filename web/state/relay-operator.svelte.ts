/** Orders to the relay that serves this page, as the view shows them. */
import { AppError } from '../../shared/errors.ts';
import type { OperatorPort, OperatorState } from './engine-types.ts';

const LOCKED: OperatorState = {
  unlocked: false,
  departure: null,
  leaving: false,
  repairing: false,
  report: null,
  error: null,
};

export class RelayOperation implements Disposable {
  readonly #port: OperatorPort;
  readonly #stop: () => void;
  #state = $state.raw<OperatorState>(LOCKED);
  #unlocking = $state(false);
  #refusal = $state.raw<AppError | null>(null);

  constructor(port: OperatorPort) {
    this.#port = port;
    this.#stop = port.watch((state) => {
      this.#state = state;
    });
  }

  get current(): OperatorState {
    return this.#state;
  }

  get unlocking(): boolean {
    return this.#unlocking;
  }

  /** Why the last token was not taken. */
  get refusal(): AppError | null {
    return this.#refusal;
  }

  async unlock(token: string): Promise<void> {
    this.#unlocking = true;
    this.#refusal = null;
    try {
      await this.#port.unlock(token);
    } catch (cause) {
      this.#refusal = AppError.from(cause);
    } finally {
      this.#unlocking = false;
    }
  }

  lock(): void {
    this.#port.lock();
  }

  repair(): void {
    void this.#port.repair();
  }

  leave(): void {
    void this.#port.leave();
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
