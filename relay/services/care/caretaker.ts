/**
 * Looks after this relay's share of the data by itself: when a relay has been gone for longer than the grace, when a new one
 * has stayed, and now and then; and at single chunks once they have been stored for the grace, since not every holder that was
 * named may have taken them, and as long as they are not settled. Nothing is moved in the first grace after the start.
 */
import { AppError, throwIfAborted } from '../../../shared/errors.ts';
import { parseChunkId } from '../../../shared/ids.ts';
import type { ChunkId } from '../../../shared/ids.ts';
import {
  CARE_BATCH_CHUNKS,
  CARE_BATCH_PAUSE_MS,
  CARE_PASS_INTERVAL_MS,
  CARE_TICK_MS,
  REPAIR_TURN_MS,
  SURPLUS_HINTS,
} from '../../../shared/limits.ts';
import type { CareReport } from '../../../shared/protocol/care-events.ts';
import type { EventBus } from '../events.ts';
import type { Log } from '../log.ts';
import type { Membership } from '../membership.ts';
import { PeerBudget } from '../peer-budget.ts';
import type { Clock } from '../ports.ts';
import type { RpcRouter } from '../rpc.ts';
import { emptyTally } from './care-pass.ts';
import type { CarePass, PassMode, Tally } from './care-pass.ts';
import { HINT_SURPLUS } from './offers.ts';
import type { OwnChunks } from './own-chunks.ts';
import { presence } from './presence.ts';
import type { OwnChunk } from './survey.ts';
import type { Watchlist } from './watchlist.ts';

export interface CaretakerParts {
  readonly membership: Membership;
  readonly clock: Clock;
  readonly graceMs: number;
  readonly own: OwnChunks;
  readonly pass: CarePass;
  readonly watchlist: Watchlist;
  readonly events: EventBus;
  readonly log: Log;
  /** False while this relay must not act: it is not ready yet, or it leaves. */
  readonly mayAct: () => boolean;
  readonly stopped: AbortSignal;
}

/** A forced pass: how far it is, and how it ended. */
export interface ForcedRepair {
  readonly running: boolean;
  readonly report: CareReport;
}

interface Work {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

export class Caretaker {
  readonly #parts: CaretakerParts;
  #startedAt = Number.POSITIVE_INFINITY;
  /** The settled relays that the last whole pass was for. */
  #doneFor: string | null = null;
  #nextPassAt = Number.NEGATIVE_INFINITY;
  #work: Work | undefined;
  #forced: { tally: Tally; ended: Promise<void>; running: boolean } | undefined;

  constructor(parts: CaretakerParts) {
    this.#parts = parts;
  }

  answerOver(router: RpcRouter): void {
    const budget = new PeerBudget(() => this.#parts.clock.now(), SURPLUS_HINTS);
    router.handle(HINT_SURPLUS, ({ ids }, from) => {
      budget.spend(from, ids.length);
      const { own, watchlist, clock } = this.#parts;
      const now = clock.now();
      for (const id of ids.map(parseChunkId)) if (own.has(id)) watchlist.watch(id, now, now);
      return {};
    });
  }

  /** Call it once, when this relay has said hello. */
  start(): void {
    const { membership, clock, graceMs, watchlist, events, stopped } = this.#parts;
    this.#startedAt = clock.now();
    clock.every(CARE_TICK_MS, () => this.#tick(), stopped);
    const unsubscribe = events.subscribe((event) => {
      if (event.type !== 'chunk-stored' || event.relay !== membership.self.id) return;
      watchlist.watch(event.id as ChunkId, clock.now(), clock.now() + graceMs);
    });
    stopped.addEventListener('abort', unsubscribe, { once: true });
  }

  /** Settles when nothing is under way; never rejects. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.#work?.ended, this.#forced?.ended]);
  }

  /** The forced pass that runs or ran last. */
  get forced(): ForcedRepair | null {
    if (this.#forced === undefined) return null;
    return { running: this.#forced.running, report: { ...this.#forced.tally } };
  }

  /**
   * Looks at every chunk now, without grace, and repairs whoever's turn it is; a pass under way is joined. Resolves when it has
   * ended. Throws `UNAVAILABLE` where this relay must not act, and `INTERNAL` or `IO` when the pass fails.
   */
  async repairNow(): Promise<void> {
    if (this.#forced?.running !== true) {
      if (!this.#parts.mayAct())
        throw new AppError('UNAVAILABLE', 'This relay cannot repair now: it is starting or leaving.');
      const tally = emptyTally();
      const forced = { tally, running: true, ended: Promise.resolve() };
      this.#forced = forced;
      forced.ended = this.#force(tally).finally(() => {
        forced.running = false;
      });
    }
    await this.#forced.ended;
  }

  /** Ends what is under way, so that this relay can leave. */
  async pause(): Promise<void> {
    this.#work?.stop.abort();
    await Promise.allSettled([this.#work?.ended, this.#forced?.ended]);
  }

  async #force(tally: Tally): Promise<void> {
    this.#work?.stop.abort();
    await this.#work?.ended;
    const mode = { presence: presence(this.#parts, true), forced: true };
    const stop = new AbortController();
    const pass = this.#whole('forced', mode, tally, AbortSignal.any([stop.signal, this.#parts.stopped]));
    this.#work = { stop, ended: pass.then(ignore, ignore) };
    try {
      await pass;
    } finally {
      this.#work = undefined;
    }
  }

  #tick(): void {
    const { clock, graceMs, watchlist, mayAct } = this.#parts;
    const now = clock.now();
    if (this.#work !== undefined || this.#forced?.running === true) return;
    if (now - this.#startedAt < graceMs || !mayAct()) return;
    const mode: PassMode = { presence: presence(this.#parts), forced: false };
    const changed = mode.presence.key !== this.#doneFor;
    // Where very many chunks wait for the same relay, looks at all of them leave other work a minute in between.
    this.#nextPassAt = Math.min(this.#nextPassAt, Math.max(watchlist.takeMissed(), now + REPAIR_TURN_MS));
    if (changed || now >= this.#nextPassAt) {
      const reason = changed ? 'relays came or went' : 'time';
      this.#run(async (signal) => {
        await this.#whole(reason, mode, emptyTally(), signal);
        this.#doneFor = mode.presence.key;
        this.#nextPassAt = clock.now() + CARE_PASS_INTERVAL_MS;
      });
    } else if (watchlist.due(now, 1).length > 0) {
      this.#run((signal) => this.#watched(mode, signal));
    }
  }

  #run(work: (signal: AbortSignal) => Promise<void>): void {
    const { stopped, log } = this.#parts;
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, stopped]);
    const ended = work(signal)
      .catch((cause: unknown) => {
        // It is tried again by a later tick.
        if (!signal.aborted) log.error({ err: cause }, 'Looking after the chunks has failed');
      })
      .finally(() => {
        this.#work = undefined;
      });
    this.#work = { stop, ended };
  }

  async #watched(mode: PassMode, signal: AbortSignal): Promise<void> {
    const { own, pass, watchlist, clock } = this.#parts;
    const chunks: OwnChunk[] = [];
    for (const id of watchlist.due(clock.now(), CARE_BATCH_CHUNKS)) {
      const chunk = own.find(id);
      if (chunk === null) watchlist.forget(id);
      else chunks.push(chunk);
    }
    if (chunks.length > 0) await pass.look(chunks, mode, emptyTally(), signal);
  }

  async #whole(reason: string, mode: PassMode, tally: Tally, signal: AbortSignal): Promise<void> {
    const { own, pass, events, log, clock, mayAct } = this.#parts;
    events.publish({ type: 'repair-started', reason });
    let after = '';
    for (;;) {
      throwIfAborted(signal);
      if (!mayAct()) throw new AppError('UNAVAILABLE', 'This relay is leaving.');
      const chunks = own.page(after, CARE_BATCH_CHUNKS);
      if (chunks.length === 0) break;
      await pass.look(chunks, mode, tally, signal);
      after = chunks.at(-1)?.id ?? after;
      events.publish({ type: 'repair-progress', report: { ...tally } });
      if (!mode.forced) await clock.sleep(CARE_BATCH_PAUSE_MS, signal);
    }
    events.publish({ type: 'repair-ended', report: { ...tally } });
    const moved = tally.repaired + tally.balanced + tally.dropped;
    if (moved + tally.failed > 0) log.info({ ...tally, reason }, 'The chunks have been looked after');
  }
}

const ignore = (): void => undefined;
