import { systemClock } from '../../shared/engine/clock.ts';
import type { SwarmPort } from '../../shared/engine/ports.ts';
import { AppError } from '../../shared/errors.ts';
import { MEMBERS_MAX_AGE_MS } from '../../shared/limits.ts';
import type { SwarmHealth } from './contract.ts';
import { Watchers } from './watchers.ts';

const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** Asks the entry relay for its members every few seconds while the page is visible and somebody watches. */
export class SwarmHealthMonitor {
  readonly #swarm: SwarmPort;
  readonly #watchers = new Watchers<SwarmHealth | null>(() => this.#health);
  /** Null until the first answer, or its absence. */
  #health: SwarmHealth | null = null;
  #watching = 0;
  #polling: AbortController | null = null;

  constructor(swarm: SwarmPort) {
    this.#swarm = swarm;
    document.addEventListener('visibilitychange', this.#update);
  }

  /** Returns how to stop. */
  watch(callback: (health: SwarmHealth) => void): () => void {
    const unwatch = this.#watchers.watch((health) => {
      if (health !== null) callback(health);
    });
    this.#watching++;
    this.#update();
    let watching = true;
    return () => {
      if (!watching) return;
      watching = false;
      unwatch();
      this.#watching--;
      this.#update();
    };
  }

  /** Asks at once: something has changed. */
  refresh(): void {
    if (this.#polling === null) return;
    this.#polling.abort();
    this.#polling = null;
    this.#update();
  }

  dispose(): void {
    document.removeEventListener('visibilitychange', this.#update);
    this.#polling?.abort();
    this.#watchers.dispose();
  }

  readonly #update = (): void => {
    const wanted = this.#watching > 0 && document.visibilityState === 'visible';
    if (wanted === (this.#polling !== null)) return;
    if (!wanted) {
      this.#polling?.abort();
      this.#polling = null;
      return;
    }
    this.#polling = new AbortController();
    void this.#poll(this.#polling.signal);
  };

  /** Ends when the signal fires; never rejects. */
  async #poll(signal: AbortSignal): Promise<void> {
    let retryMs = RETRY_FIRST_MS;
    try {
      for (;;) {
        const health = await this.#ask(signal);
        signal.throwIfAborted();
        if (health !== null) this.#health = health;
        this.#watchers.changed();
        const reachable = health?.reachable === true;
        await systemClock.sleep(reachable ? MEMBERS_MAX_AGE_MS : retryMs, signal);
        retryMs = reachable ? RETRY_FIRST_MS : Math.min(retryMs * 2, RETRY_MAX_MS);
      }
    } catch (cause) {
      if (!signal.aborted) reportError(cause);
    }
  }

  /** Null when a private swarm does not let this browser see: that says nothing about its health. */
  async #ask(signal: AbortSignal): Promise<SwarmHealth | null> {
    try {
      const members = await this.#swarm.members(signal);
      const storing = members.filter(({ capacity }) => capacity > 0);
      return {
        reachable: true,
        storageRelays: storing.length,
        hosts: new Set(storing.map(({ machine }) => machine)).size,
      };
    } catch (cause) {
      if (!(cause instanceof AppError)) throw cause;
      if (cause.code === 'NO_SESSION') return null;
      return { reachable: false, storageRelays: 0, hosts: 0 };
    }
  }
}
