import { systemClock } from '../../shared/engine/clock.ts';
import type { EngineClock } from '../../shared/engine/clock.ts';
import { withDeadline } from '../../shared/engine/concurrency.ts';
import { AppError } from '../../shared/errors.ts';
import { REQUEST_TIMEOUT_MS } from '../../shared/limits.ts';
import { parseSwarmKey } from '../../shared/protocol/swarm-key.ts';
import type { SwarmAccess } from './contract.ts';
import type { SwarmKeyStore } from './local-stores.ts';
import type { SwarmGate } from './swarm-gate.ts';
import type { SwarmKeyNews } from './swarm-key-news.ts';
import { Watchers } from './watchers.ts';

export interface SwarmKeyKeeperOptions {
  /** Of the entry relay. */
  readonly origin: string;
  readonly gate: SwarmGate;
  readonly store: SwarmKeyStore;
  readonly news: SwarmKeyNews;
  readonly clock?: EngineClock;
}

/** The key of a private swarm in this page: tried before it is kept, and forgotten on request. */
export class SwarmKeyKeeper {
  readonly #origin: string;
  readonly #gate: SwarmGate;
  readonly #store: SwarmKeyStore;
  readonly #news: SwarmKeyNews;
  readonly #clock: EngineClock;
  readonly #watchers = new Watchers<SwarmAccess>(() => this.access);
  readonly #stopped = new AbortController();
  readonly #stops: readonly (() => void)[];
  #hasKey = false;

  constructor({ origin, gate, store, news, clock = systemClock }: SwarmKeyKeeperOptions) {
    this.#origin = origin;
    this.#gate = gate;
    this.#store = store;
    this.#news = news;
    this.#clock = clock;
    this.#stops = [
      gate.watch(() => this.#watchers.changed()),
      news.listen((change) => {
        this.#hasKey = change === 'kept';
        this.#watchers.changed();
      }),
    ];
  }

  get access(): SwarmAccess {
    return { lock: this.#gate.lock, hasKey: this.#hasKey };
  }

  async start(): Promise<void> {
    this.#hasKey = (await this.#store.load()) !== null;
    this.#watchers.changed();
  }

  watch(callback: (access: SwarmAccess) => void): () => void {
    return this.#watchers.watch(callback);
  }

  /**
   * Opens a session with a key, and keeps the key when that worked; what waits at the gate goes on. Throws `BAD_INPUT` for what
   * is no key, `FORBIDDEN` for one that the swarm does not take, `UNAVAILABLE`, `TIMEOUT`, `NO_SPACE`, `IO`.
   */
  async unlock(keyText: string): Promise<void> {
    const key = parseSwarmKey(keyText);
    const { signal } = this.#stopped;
    const deadline = {
      clock: this.#clock,
      timeoutMs: REQUEST_TIMEOUT_MS,
      what: 'The relay’s answer',
      signal,
    };
    try {
      await withDeadline(deadline, (bounded) => this.#gate.sessions.tryKey(this.#origin, key, bounded));
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError('UNAVAILABLE', 'The relay that served this page does not answer.', { cause });
    }
    await this.#store.save(key);
    this.#hasKey = true;
    this.#gate.keyChanged(null);
    this.#news.tell('kept');
    this.#watchers.changed();
  }

  /** Takes the key out of this browser, all tabs included. Throws `IO`. */
  async forget(): Promise<void> {
    await this.#store.remove();
    this.#hasKey = false;
    this.#gate.keyChanged('needs-key');
    this.#news.tell('forgotten');
    this.#watchers.changed();
  }

  dispose(): void {
    this.#stopped.abort();
    for (const stop of this.#stops) stop();
    this.#watchers.dispose();
  }
}
