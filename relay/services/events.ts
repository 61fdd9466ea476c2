/** The relay's event bus: services publish, `WS /events` and the log listen. */
import type { RelayEvent } from '../../shared/protocol/events.ts';

type Listener = (event: RelayEvent) => void;
/** An event without its time. The bus stamps it. */
export type EventBody = RelayEvent extends infer E ? (E extends RelayEvent ? Omit<E, 'at'> : never) : never;

export class EventBus {
  readonly #listeners = new Set<Listener>();
  readonly #wallTime: () => number;

  constructor(wallTime: () => number) {
    this.#wallTime = wallTime;
  }

  publish(body: EventBody): void {
    if (this.#listeners.size === 0) return;
    const event: RelayEvent = { ...body, at: this.#wallTime() };
    for (const listener of this.#listeners) listener(event);
  }

  /** Returns how to stop listening. A listener must not throw. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
