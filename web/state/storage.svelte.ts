/** The Storage view's state: what one's files take, what is left over, and the order of the relays. */
import { MAX_CHUNKS_CHECKED_UNASKED } from '../../shared/limits.ts';
import type { StoragePort, StorageState } from './engine-types.ts';
import type { SpaceColumn, SpaceOrder } from './storage-figures.ts';

const NOTHING: StorageState = {
  work: 'idle',
  done: 0,
  count: null,
  check: null,
  cleaned: null,
  error: null,
};

export class Storage implements Disposable {
  readonly #port: StoragePort;
  readonly #stop: () => void;
  #state = $state.raw<StorageState>(NOTHING);
  #order = $state.raw<SpaceOrder>({ column: 'relay', descending: false });
  #looked = false;

  constructor(port: StoragePort) {
    this.#port = port;
    this.#stop = port.watch((state) => {
      this.#state = state;
    });
  }

  get current(): StorageState {
    return this.#state;
  }

  get order(): SpaceOrder {
    return this.#order;
  }

  /** By another column, or the other way round by the same. */
  orderBy(column: SpaceColumn): void {
    const same = this.#order.column === column;
    this.#order = { column, descending: same ? !this.#order.descending : column !== 'relay' };
  }

  /** The swarm has been seen: looks by itself, once, where that is cheap. */
  swarmSeen(chunks: number): void {
    if (this.#looked || this.#state.work !== 'idle' || chunks > MAX_CHUNKS_CHECKED_UNASKED) return;
    this.#looked = true;
    this.check();
  }

  check(): void {
    this.#looked = true;
    void this.#port.check();
  }

  clean(): void {
    void this.#port.clean();
  }

  stop(): void {
    this.#port.stop();
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
