/** How often each event has happened since the start, and the chunk bytes that went with it: counters for `GET /metrics`. */
import type { RelayEvent } from '../../shared/protocol/events.ts';
import type { EventBus } from './events.ts';

export interface EventCount {
  readonly type: RelayEvent['type'];
  readonly events: number;
  readonly bytes: number;
}

export class EventCounts {
  /** As many entries as there are types of events. */
  readonly #counts = new Map<RelayEvent['type'], { events: number; bytes: number }>();

  constructor(events: EventBus) {
    events.subscribe((event) => this.#count(event));
  }

  all(): EventCount[] {
    return Array.from(this.#counts, ([type, count]) => ({ type, ...count }));
  }

  /** How many there were of one type. */
  of(type: RelayEvent['type']): number {
    return this.#counts.get(type)?.events ?? 0;
  }

  #count(event: RelayEvent): void {
    const count = this.#counts.get(event.type) ?? { events: 0, bytes: 0 };
    this.#counts.set(event.type, count);
    count.events++;
    if ('size' in event && typeof event.size === 'number') count.bytes += event.size;
  }
}
