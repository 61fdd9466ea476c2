import { AppError } from '../../../../shared/errors.ts';
import type {
  OperatorPort,
  OperatorState,
  StoragePort,
  StorageState,
} from '../../../../web/engine/storage/storage-contract.ts';
import { Watched } from './watched.ts';

/** What is stored, told by hand. */
export class FakeStorage implements StoragePort {
  readonly state = new Watched<StorageState>({
    ...{ work: 'idle', done: 0, count: null },
    ...{ check: null, cleaned: null, error: null },
  });
  readonly operating = new Watched<OperatorState>({
    ...{ unlocked: false, departure: null, leaving: false },
    ...{ repairing: false, report: null, error: null },
  });
  readonly calls: string[] = [];
  /** The token that is taken. */
  token = 'right';

  readonly operator: OperatorPort = {
    watch: (callback) => this.operating.watch(callback),
    unlock: (token) => {
      if (token !== this.token) return Promise.reject(new AppError('FORBIDDEN', 'Another relay’s.'));
      this.operating.set({ ...this.operating.value, unlocked: true });
      return Promise.resolve();
    },
    lock: () => this.operating.set({ ...this.operating.value, unlocked: false }),
    repair: () => this.#called('repair'),
    leave: () => this.#called('leave'),
  };

  watch(callback: (state: StorageState) => void): () => void {
    return this.state.watch(callback);
  }

  check(): Promise<void> {
    return this.#called('check');
  }

  clean(): Promise<void> {
    return this.#called('clean');
  }

  stop(): void {
    this.calls.push('stop');
  }

  #called(what: string): Promise<void> {
    this.calls.push(what);
    return Promise.resolve();
  }
}
