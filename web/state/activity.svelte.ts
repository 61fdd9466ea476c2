/** What happens in the swarm, since the page was opened: the log, and the traffic of chunks. */
import { MAX_LOG_LINES_DRAWN } from '../../shared/limits.ts';
import { ActivityLog } from './activity-log.ts';
import type { ActivityKind, LogLine } from './activity-log.ts';
import { Traffic } from './activity-traffic.ts';
import type { ChunkTraffic, RelayTraffic } from './activity-traffic.ts';
import type { EventBatch, NetworkPort } from './engine-types.ts';

export class Activity implements Disposable {
  readonly #stop: () => void;
  readonly #nowMs: () => number;
  /** Set anew when something in it has changed. */
  #heard = $state.raw({ log: new ActivityLog(), traffic: new Traffic() });
  #live = $state(false);
  #missed = $state(0);
  #heldBack = $state(0);
  #held = $state.raw<readonly LogLine[] | null>(null);
  #kind = $state<ActivityKind | 'all'>('all');
  readonly #lines = $derived.by(() => this.#held ?? this.#read());
  readonly #relays = $derived.by(() => this.#readTraffic());

  /** `nowMs` is monotonic. */
  constructor(port: NetworkPort, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#stop = port.watchEvents((batch) => this.#take(batch));
  }

  /** Whether events come in now. */
  get live(): boolean {
    return this.#live;
  }

  /** Events that came too fast to be told. */
  get missed(): number {
    return this.#missed;
  }

  /** Newest first, of the kind chosen; they stand still while paused. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  get kind(): ActivityKind | 'all' {
    return this.#kind;
  }

  set kind(kind: ActivityKind | 'all') {
    this.#kind = kind;
    if (this.paused) this.#hold();
  }

  get paused(): boolean {
    return this.#held !== null;
  }

  /** Events that came since the pause began. */
  get heldBack(): number {
    return this.#heldBack;
  }

  get chunks(): readonly ChunkTraffic[] {
    return this.#heard.traffic.chunks;
  }

  get relays(): readonly RelayTraffic[] {
    return this.#relays;
  }

  pause(): void {
    this.#heldBack = 0;
    this.#hold();
  }

  goOn(): void {
    this.#held = null;
  }

  clear(): void {
    this.#heard.log.clear();
    this.#missed = 0;
    this.#heard = { ...this.#heard };
    if (this.paused) this.pause();
  }

  /** Time has passed: throughput falls while nothing comes. */
  tick(): void {
    this.#heard = { ...this.#heard };
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #take({ events, missed, live }: EventBatch): void {
    this.#live = live;
    this.#missed += missed;
    if (events.length === 0) return;
    const nowMs = this.#nowMs();
    const { log, traffic } = this.#heard;
    for (const event of events) {
      log.add(event);
      traffic.add(event, nowMs);
    }
    if (this.paused) this.#heldBack += events.length;
    this.#heard = { ...this.#heard };
  }

  #hold(): void {
    this.#held = this.#heard.log.lines(this.#kind).slice(0, MAX_LOG_LINES_DRAWN);
  }

  #read(): readonly LogLine[] {
    return this.#heard.log.lines(this.#kind).slice(0, MAX_LOG_LINES_DRAWN);
  }

  #readTraffic(): readonly RelayTraffic[] {
    return this.#heard.traffic.relays(this.#nowMs());
  }
}
