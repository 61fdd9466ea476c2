import type { EngineClock } from '../../../shared/engine/clock.ts';
import { readNetworkSnapshot } from '../../../shared/engine/network-snapshot.ts';
import type { NetworkSnapshot } from '../../../shared/engine/network-snapshot.ts';
import type { RelaySwarm } from '../../../shared/engine/relay-client.ts';
import { AppError } from '../../../shared/errors.ts';
import { NETWORK_PAUSE_MS, NETWORK_POLL_MS } from '../../../shared/limits.ts';
import type { RelayEvent } from '../../../shared/protocol/events.ts';
import { Watchers } from '../watchers.ts';
import type { EventFeed } from './event-feed.ts';
import type { EventBatch, NetworkPort, NetworkView } from './network-port.ts';

export interface SwarmNetworkOptions {
  readonly swarm: Pick<RelaySwarm, 'peers' | 'topology' | 'status'>;
  readonly feed: EventFeed;
  readonly addRelay: NetworkPort['addRelay'];
  readonly clock: EngineClock;
  /** The page: nobody looks at one that is hidden. */
  readonly page: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;
}

/** The swarm for those who look at it: relays and links by polling, what happens by the event stream. */
export class SwarmNetwork implements NetworkPort {
  readonly #options: SwarmNetworkOptions;
  readonly #watchers = new Watchers<NetworkView>(() => this.#view);
  #view: NetworkView = { snapshot: null, reachable: true };
  #entryId: string | null = null;
  #watching = 0;
  #polling: AbortController | null = null;
  /** Ends the pause before the next question. */
  #wake = new AbortController();
  #stopEvents: (() => void) | null = null;

  constructor(options: SwarmNetworkOptions) {
    this.#options = options;
    options.page.addEventListener('visibilitychange', this.#update);
  }

  watchNetwork(callback: (view: NetworkView) => void): () => void {
    const unwatch = this.#watchers.watch(callback);
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

  watchEvents(callback: (batch: EventBatch) => void): () => void {
    return this.#options.feed.watch(callback);
  }

  addRelay(...question: Parameters<NetworkPort['addRelay']>): ReturnType<NetworkPort['addRelay']> {
    return this.#options.addRelay(...question);
  }

  /** What this page knows to have happened, as if the entry relay had told it. */
  tell(events: readonly RelayEvent[]): void {
    this.#options.feed.add(events);
  }

  dispose(): void {
    this.#options.page.removeEventListener('visibilitychange', this.#update);
    this.#stop();
    this.#watchers.dispose();
    this.#options.feed.dispose();
  }

  readonly #update = (): void => {
    const wanted = this.#watching > 0 && this.#options.page.visibilityState === 'visible';
    if (wanted === (this.#polling !== null)) return;
    if (!wanted) {
      this.#stop();
      return;
    }
    this.#polling = new AbortController();
    this.#stopEvents = this.#options.feed.watch(({ events }) => {
      if (events.some(({ type }) => /^(peer|mesh)-/.test(type))) this.#wake.abort();
    });
    void this.#poll(this.#polling.signal);
  };

  #stop(): void {
    this.#polling?.abort();
    this.#polling = null;
    this.#stopEvents?.();
    this.#stopEvents = null;
  }

  /** Ends when the signal fires; never rejects. */
  async #poll(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        this.#wake = new AbortController();
        const view = await this.#ask(signal);
        signal.throwIfAborted();
        this.#view = view;
        this.#watchers.changed();
        await this.#pause(signal);
      }
    } catch (cause) {
      if (!signal.aborted) reportError(cause);
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    // However much happens.
    await clock.sleep(NETWORK_PAUSE_MS, signal);
    const { signal: woken } = this.#wake;
    try {
      await clock.sleep(NETWORK_POLL_MS, AbortSignal.any([signal, woken]));
    } catch (cause) {
      if (!woken.aborted) throw cause;
    }
  }

  async #ask(signal: AbortSignal): Promise<NetworkView> {
    try {
      return { snapshot: await this.#read(signal), reachable: true };
    } catch (cause) {
      if (!(cause instanceof AppError)) throw cause;
      return { snapshot: this.#view.snapshot, reachable: false };
    }
  }

  async #read(signal: AbortSignal): Promise<NetworkSnapshot> {
    const { swarm } = this.#options;
    this.#entryId ??= (await swarm.status(signal)).id;
    return readNetworkSnapshot(swarm, this.#entryId, signal);
  }
}
