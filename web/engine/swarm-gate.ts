import { AppError, abortError } from '../../shared/errors.ts';
import { SwarmSessions } from '../../shared/protocol/swarm-session.ts';
import type { ClientKey } from '../../shared/protocol/swarm-session.ts';
import type { SwarmLock } from './contract.ts';
import type { SwarmKeyNews } from './swarm-key-news.ts';
import { Watchers } from './watchers.ts';

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface SwarmGateOptions {
  readonly fetch: Fetch;
  /** The key that this browser keeps; null if there is none. */
  readonly loadKey: () => Promise<ClientKey | null>;
  /** What other tabs, and the page and its service worker, do with the key. */
  readonly news: SwarmKeyNews;
}

/**
 * The way to the entry relay. Opens sessions where the swarm is private and its key is at hand; where it is not, the gate is
 * locked until a request gets through again or another key is kept. It remembers nothing that could not be found out again.
 */
export class SwarmGate {
  readonly sessions: SwarmSessions;
  readonly #loadKey: () => Promise<ClientKey | null>;
  readonly #watchers = new Watchers<SwarmLock | null>(() => this.#lock);
  readonly #waiting = new Set<() => void>();
  readonly #stopNews: () => void;
  #lock: SwarmLock | null = null;
  #locks = 0;
  /** An answer to a request from before the last change of the key says nothing about today's. */
  #epoch = 0;

  constructor({ fetch, loadKey, news }: SwarmGateOptions) {
    this.#loadKey = loadKey;
    this.sessions = new SwarmSessions(fetch, loadKey);
    this.#stopNews = news.listen((change) => this.keyChanged(change === 'kept' ? null : 'needs-key'));
  }

  get lock(): SwarmLock | null {
    return this.#lock;
  }

  /** How often it has been locked: who failed while it was can tell. */
  get locks(): number {
    return this.#locks;
  }

  /** Called at once and on each change. Returns how to stop. */
  watch(callback: (lock: SwarmLock | null) => void): () => void {
    return this.#watchers.watch(callback);
  }

  /** As the platform's; throws `NO_SESSION` when the key is refused, and answers 401 when there is none. */
  readonly fetch: Fetch = async (url, init) => {
    const epoch = this.#epoch;
    try {
      const response = await this.sessions.fetch(url, init);
      const lock = response.status === 401 ? await this.#whyLocked() : null;
      if (epoch === this.#epoch) this.#set(lock);
      return response;
    } catch (cause) {
      if (!(cause instanceof AppError) || cause.code !== 'FORBIDDEN') throw cause;
      if (epoch === this.#epoch) this.#set('key-refused');
      throw new AppError('NO_SESSION', 'This swarm is private, and does not take the key kept here.', {
        cause,
      });
    }
  };

  /** Resolves at once when it is not locked, else when it is worth another try. Throws `ABORTED`. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    if (this.#lock === null) return;
    await new Promise<void>((resolve, reject) => {
      const end = (settle: () => void): void => {
        this.#waiting.delete(open);
        signal.removeEventListener('abort', stop);
        settle();
      };
      const open = (): void => end(resolve);
      const stop = (): void => end(() => reject(abortError(signal)));
      this.#waiting.add(open);
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
    });
  }

  /** The key kept in this browser is another one (`lock` null), or gone. */
  keyChanged(lock: SwarmLock | null): void {
    this.#epoch++;
    if (lock !== null) this.sessions.forget();
    this.#set(lock);
  }

  dispose(): void {
    this.#stopNews();
    this.#watchers.dispose();
  }

  async #whyLocked(): Promise<SwarmLock> {
    return (await this.#loadKey()) === null ? 'needs-key' : 'key-refused';
  }

  #set(lock: SwarmLock | null): void {
    if (lock === this.#lock) return;
    if (this.#lock === null) this.#locks++;
    this.#lock = lock;
    if (lock === null) for (const open of [...this.#waiting]) open();
    this.#watchers.changed();
  }
}
