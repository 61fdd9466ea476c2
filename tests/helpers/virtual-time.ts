/** Time that passes only when a test says so: one line of events for all relays of a virtual swarm. */
import type { Clock } from '../../relay/services/ports.ts';
import { abortError } from '../../shared/errors.ts';

interface Event {
  readonly at: number;
  readonly turn: number;
  readonly process: VirtualProcess | null;
  fire: (() => void) | null;
}

/** What a signal can do to a process: its events wait while it is stopped, and never come once it is dead. */
export class VirtualProcess {
  #state: 'running' | 'frozen' | 'dead' = 'running';
  readonly #waiting: Event[] = [];

  get dead(): boolean {
    return this.#state === 'dead';
  }

  get frozen(): boolean {
    return this.#state === 'frozen';
  }

  kill(): void {
    this.#state = 'dead';
    this.#waiting.length = 0;
  }

  freeze(): void {
    if (!this.dead) this.#state = 'frozen';
  }

  /** Gives the events that fell due in the meantime, in order. */
  thaw(): Event[] {
    if (!this.dead) this.#state = 'running';
    return this.#waiting.splice(0);
  }

  /** Whether the event is to happen now. */
  takes(event: Event): boolean {
    if (this.frozen) this.#waiting.push(event);
    return this.#state === 'running';
  }
}

export class VirtualTime {
  /** Binary heap by time, then by the order of asking. */
  readonly #heap: Event[] = [];
  #turn = 0;
  #now = 0;

  /** ms since the swarm was made. */
  get now(): number {
    return this.#now;
  }

  /** When the next event is due, at the earliest now; null without any. */
  get next(): number | null {
    const first = this.#heap[0];
    return first === undefined ? null : Math.max(first.at, this.#now);
  }

  /** Calls `fire` after `delayMs`, in `process` if one is given. Gives how to call it off. */
  after(delayMs: number, fire: () => void, process: VirtualProcess | null = null): () => void {
    const event: Event = { at: this.#now + Math.max(0, delayMs), turn: this.#turn++, process, fire };
    this.#push(event);
    return () => {
      event.fire = null;
    };
  }

  /** Time goes on to the next event, which happens. False when there is none. */
  step(): boolean {
    const event = this.#pop();
    if (event === undefined) return false;
    if (event.fire === null) return true;
    this.#now = Math.max(this.#now, event.at);
    if (event.process?.takes(event) ?? true) event.fire();
    return true;
  }

  /** Time goes on without any event: what was due in between happens late, as after a machine was suspended. */
  jumpTo(at: number): void {
    this.#now = Math.max(this.#now, at);
  }

  thaw(process: VirtualProcess): void {
    for (const { fire } of process.thaw()) if (fire !== null) this.after(0, fire, process);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent])) break;
      heap[at] = heap[parent] as Event;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const child = isBefore(heap[left + 1], heap[left]) ? left + 1 : left;
      if (!isBefore(heap[child], last)) break;
      heap[at] = heap[child] as Event;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event | undefined, b: Event | undefined): boolean {
  if (a === undefined) return false;
  return b === undefined || a.at < b.at || (a.at === b.at && a.turn < b.turn);
}

/** Unix time at the beginning of every virtual swarm, ms. */
const WALL_TIME_START = 1_800_000_000_000;

/** The clock of one process. Monotonic clocks of different processes have nothing to do with each other. */
export class VirtualClock implements Clock {
  readonly #time: VirtualTime;
  readonly #process: VirtualProcess;
  readonly #startedAt: number;
  readonly #wallSkewMs: number;

  constructor(time: VirtualTime, process: VirtualProcess, wallSkewMs: number) {
    this.#time = time;
    this.#process = process;
    this.#startedAt = time.now;
    this.#wallSkewMs = wallSkewMs;
  }

  now(): number {
    return this.#time.now - this.#startedAt;
  }

  uptime(): number {
    return this.now();
  }

  wallTime(): number {
    return WALL_TIME_START + Math.floor(this.#time.now) + this.#wallSkewMs;
  }

  every(intervalMs: number, callback: () => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    let cancel = (): void => undefined;
    const fire = (): void => {
      arm();
      callback();
    };
    const arm = (): void => {
      cancel = this.#time.after(intervalMs, fire, this.#process);
    };
    arm();
    signal.addEventListener('abort', () => cancel(), { once: true });
  }

  sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    const slept = Promise.withResolvers<undefined>();
    if (signal.aborted) {
      slept.reject(abortError(signal));
      return slept.promise;
    }
    const cancel = this.#time.after(
      delayMs,
      () => {
        signal.removeEventListener('abort', onAbort);
        slept.resolve(undefined);
      },
      this.#process,
    );
    const onAbort = (): void => {
      cancel();
      slept.reject(abortError(signal));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    return slept.promise;
  }
}
