import type { EngineClock } from '../../../shared/engine/clock.ts';
import { AppError } from '../../../shared/errors.ts';
import { EVENT_BATCH_MS, MAX_EVENT_BATCH, MAX_EVENT_CHARS } from '../../../shared/limits.ts';
import { RelayEvent } from '../../../shared/protocol/events.ts';
import { parseJsonWith } from '../../../shared/protocol/schemas.ts';
import type { EventBatch } from './network-port.ts';

const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;

/** What is used of a `WebSocket`. */
export type EventSocket = Pick<WebSocket, 'addEventListener' | 'close'>;

export interface EventFeedOptions {
  readonly clock: EngineClock;
  /**
   * Begins to connect; waits while a private swarm is locked. Throws when it cannot be done now.
   */
  readonly openSocket: (signal: AbortSignal) => Promise<EventSocket>;
}

/** `WS /events` while somebody watches: opened again when it breaks, and told in batches. */
export class EventFeed {
  readonly #options: EventFeedOptions;
  readonly #callbacks = new Set<(batch: EventBatch) => void>();
  #running: AbortController | null = null;
  #live = false;
  #pending: RelayEvent[] = [];
  #missed = 0;
  #flushing = false;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  /** Returns how to stop. */
  watch(callback: (batch: EventBatch) => void): () => void {
    const own = (batch: EventBatch): void => callback(batch);
    this.#callbacks.add(own);
    own({ events: [], missed: 0, live: this.#live });
    if (this.#running === null) {
      this.#running = new AbortController();
      void this.#run(this.#running.signal);
    }
    return () => {
      this.#callbacks.delete(own);
      if (this.#callbacks.size === 0) this.#stop();
    };
  }

  /** Adds events that this page knows of by itself; those who watch are told them as any others. */
  add(events: readonly RelayEvent[]): void {
    if (this.#running !== null) for (const event of events) this.#queue(event, this.#running.signal);
  }

  dispose(): void {
    this.#callbacks.clear();
    this.#stop();
  }

  #stop(): void {
    this.#running?.abort();
    this.#running = null;
    this.#live = false;
    this.#pending = [];
    this.#missed = 0;
  }

  /** Ends when the signal fires; never rejects. */
  async #run(signal: AbortSignal): Promise<void> {
    let retryMs = RETRY_FIRST_MS;
    try {
      for (;;) {
        const opened = await this.#follow(signal);
        retryMs = opened ? RETRY_FIRST_MS : Math.min(retryMs * 2, RETRY_MAX_MS);
        await this.#options.clock.sleep(retryMs, signal);
      }
    } catch (cause) {
      if (!signal.aborted) reportError(cause);
    }
  }

  /** One connection from its beginning to its end; whether it was open in between. */
  async #follow(signal: AbortSignal): Promise<boolean> {
    let opened = false;
    try {
      const socket = await this.#options.openSocket(signal);
      await new Promise<void>((resolve) => {
        const close = (): void => {
          socket.close();
          resolve();
        };
        socket.addEventListener('open', () => {
          opened = true;
          this.#setLive(true, signal);
        });
        socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => this.#take(data, signal));
        socket.addEventListener('close', () => {
          signal.removeEventListener('abort', close);
          resolve();
        });
        signal.addEventListener('abort', close, { once: true });
        if (signal.aborted) close();
      });
    } catch (cause) {
      // No relay, or no way in: the next try may find one.
      if (!(cause instanceof AppError) && !signal.aborted) reportError(cause);
    }
    this.#setLive(false, signal);
    return opened;
  }

  #setLive(live: boolean, signal: AbortSignal): void {
    if (signal.aborted || live === this.#live) return;
    this.#live = live;
    this.#flush();
  }

  #take(data: unknown, signal: AbortSignal): void {
    const event = parseEvent(data);
    if (event !== null && !signal.aborted) this.#queue(event, signal);
  }

  #queue(event: RelayEvent, signal: AbortSignal): void {
    if (this.#pending.length < MAX_EVENT_BATCH) this.#pending.push(event);
    else this.#missed++;
    if (!this.#flushing) void this.#flushSoon(signal);
  }

  async #flushSoon(signal: AbortSignal): Promise<void> {
    this.#flushing = true;
    try {
      await this.#options.clock.sleep(EVENT_BATCH_MS, signal);
      this.#flush();
    } catch (cause) {
      if (!signal.aborted) reportError(cause);
    } finally {
      this.#flushing = false;
    }
  }

  #flush(): void {
    const batch = { events: this.#pending, missed: this.#missed, live: this.#live };
    this.#pending = [];
    this.#missed = 0;
    for (const callback of [...this.#callbacks]) callback(batch);
  }
}

/** Null for what this version does not know. */
function parseEvent(data: unknown): RelayEvent | null {
  if (typeof data !== 'string' || data.length > MAX_EVENT_CHARS) return null;
  try {
    return parseJsonWith(RelayEvent, data, 'The event');
  } catch (cause) {
    if (cause instanceof AppError && cause.code === 'BAD_INPUT') return null;
    throw cause;
  }
}
