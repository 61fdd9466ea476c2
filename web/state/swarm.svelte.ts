/** The swarm as the entry relay sees it, and what that means for the user. */
import { REPLICAS } from '../../shared/limits.ts';
import type { AppEngine, SwarmHealth } from './engine-types.ts';

export type SwarmLevel = 'unknown' | 'good' | 'few' | 'empty' | 'unreachable';

export class Swarm implements Disposable {
  readonly #stop: () => void;
  #health = $state.raw<SwarmHealth | null>(null);

  constructor(engine: AppEngine) {
    this.#stop = engine.watchSwarm((health) => {
      this.#health = health;
    });
  }

  /** Null until the first answer or failure. */
  get health(): SwarmHealth | null {
    return this.#health;
  }

  get level(): SwarmLevel {
    if (this.#health === null) return 'unknown';
    if (!this.#health.reachable) return 'unreachable';
    if (this.#health.storageRelays === 0) return 'empty';
    return this.#health.storageRelays < REPLICAS ? 'few' : 'good';
  }

  [Symbol.dispose](): void {
    this.#stop();
  }
}
