/** Looks at a batch of this relay's chunks and does what is due: repair, balance, giving up what is too much. */
import { AppError, throwIfAborted } from '../../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import {
  KEEP_PROMISE_MS,
  MAX_OFFERED_CHUNKS,
  REPAIR_TURN_MS,
  REPLICAS,
  WATCH_INTERVAL_MS,
} from '../../../shared/limits.ts';
import type { CareReport } from '../../../shared/protocol/care-events.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc } from '../rpc.ts';
import type { Auditor } from './audit.ts';
import { Evaders } from './evaders.ts';
import type { Job, JobOutcome, Mover } from './mover.ts';
import { HINT_SURPLUS } from './offers.ts';
import type { OwnChunks } from './own-chunks.ts';
import { plan } from './plan.ts';
import type { Plan, Standing } from './plan.ts';
import type { Presence } from './presence.ts';
import { dropSurplus } from './surplus.ts';
import type { OwnChunk, Survey } from './survey.ts';
import type { Watchlist } from './watchlist.ts';

export interface CarePassParts {
  readonly self: RelayId;
  readonly rpc: PeerRpc;
  readonly survey: Survey;
  readonly mover: Mover;
  readonly auditor: Auditor;
  readonly own: OwnChunks;
  readonly watchlist: Watchlist;
  readonly clock: Pick<Clock, 'now'>;
  readonly graceMs: number;
  readonly log: Log;
}

export type Tally = { -readonly [K in keyof CareReport]: number };

export function emptyTally(): Tally {
  return { checked: 0, missing: 0, repaired: 0, balanced: 0, surplus: 0, dropped: 0, failed: 0 };
}

/** `forced`: now, whoever's turn it is, and without any grace. */
export interface PassMode {
  readonly presence: Presence;
  readonly forced: boolean;
}

interface Due {
  readonly standing: Standing;
  readonly plan: Plan;
}

export class CarePass {
  readonly #parts: CarePassParts;
  readonly #evaders = new Evaders();

  constructor(parts: CarePassParts) {
    this.#parts = parts;
  }

  /** Adds what it found and did to `tally`. Throws `ABORTED`. */
  async look(chunks: readonly OwnChunk[], mode: PassMode, tally: Tally, signal: AbortSignal): Promise<void> {
    const { self, survey } = this.#parts;
    const patience = { patient: !mode.forced };
    const standings = await survey.standings(chunks, mode.presence, patience, signal);
    const due: Due[] = [];
    for (const standing of standings) {
      const planned = plan(standing, self);
      tally.checked++;
      tally.missing += planned.missing;
      if (planned.surplus.length > 0) tally.surplus++;
      if (this.#isDue(standing, planned, mode.forced)) due.push({ standing, plan: planned });
    }
    const surplus = [...(await this.#move(due, tally, signal)), ...excessOf(standings, self)];
    await this.#settleSurplus(surplus, mode, tally, signal);
  }

  /** Decides whether this relay is to make replicas now, and has it looked at again where that may change. */
  #isDue(standing: Standing, planned: Plan, forced: boolean): boolean {
    const { watchlist, clock } = this.#parts;
    const { id } = standing;
    const now = clock.now();
    if (planned.candidates.length + planned.heirs.length > 0) {
      const turnAt = watchlist.waitsSince(id, now) + planned.turn * REPAIR_TURN_MS;
      if (forced || now >= turnAt) return true;
      watchlist.waitFor(id, now, turnAt);
      return false;
    }
    const openForMs = this.#openForMs(standing);
    if (openForMs !== null) watchlist.watch(id, now, now + openForMs);
    else {
      watchlist.forget(id);
      this.#evaders.forget(id);
    }
    return false;
  }

  /**
   * How soon it may turn out that a chunk with too few holders lacks replicas after all, or that somebody can take one; or that
   * one with enough has too many, of which this relay's is one.
   */
  #openForMs(standing: Standing): number | null {
    const { order, holders, doubtful, distrusted } = standing;
    if (holders.size >= REPLICAS && !plan(standing, this.#parts.self).perhapsSurplus) return null;
    const open = order.filter(({ id }) => !holders.has(id) && (doubtful.has(id) || distrusted.has(id)));
    if (open.length === 0) return null;
    const isSilent = open.some(({ id, state }) => state === 'live' && doubtful.has(id));
    return isSilent ? WATCH_INTERVAL_MS : Math.max(WATCH_INTERVAL_MS, this.#parts.graceMs);
  }

  /** Makes the replicas that are due. Gives the chunks that have more than enough by it, each with the holders that are too many. */
  async #move(due: readonly Due[], tally: Tally, signal: AbortSignal): Promise<Excess[]> {
    const now = this.#parts.clock.now();
    const jobs = due.map(({ standing, plan: { missing, candidates, heirs } }): Job => {
      const { id, sizeBytes } = standing;
      return missing > 0
        ? { id, sizeBytes, candidates: this.#evaders.inOrder(id, candidates, now), needed: missing }
        : { id, sizeBytes, candidates: heirs, needed: heirs.length };
    });
    const outcomes = await this.#parts.mover.place(jobs, signal);
    return due.flatMap(({ standing, plan: planned }, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) return [];
      this.#count(planned, outcome, tally);
      this.#watchAfter(standing, planned, outcome);
      const holders = new Set([...standing.holders, ...outcome.placed, ...outcome.had]);
      const ranked = standing.order.filter(({ id }) => holders.has(id));
      return ranked.slice(REPLICAS).map(({ id: at }) => ({ id: standing.id, at, standing: null }));
    });
  }

  #count(planned: Plan, { job, placed, had, coming }: JobOutcome, tally: Tally): void {
    if (planned.missing > 0) {
      tally.repaired += placed.length;
      tally.failed += Math.max(0, job.needed - placed.length - had.length - coming.length);
    } else {
      tally.balanced += placed.length;
    }
  }

  #watchAfter(standing: Standing, planned: Plan, outcome: JobOutcome): void {
    const { self, watchlist, clock } = this.#parts;
    const { id } = standing;
    const { placed, had, coming, failed } = outcome;
    const now = clock.now();
    watchlist.forget(id);
    this.#evaders.note(outcome, now);
    // Claims, both of them: the next look is to see a holder, soon unless there are five without it.
    const claimedForMs = planned.missing > 0 ? WATCH_INTERVAL_MS : REPAIR_TURN_MS;
    if (coming.length + had.length > 0) watchlist.watch(id, now, now + claimedForMs);
    else if (failed.length > 0) watchlist.watch(id, now, now + REPAIR_TURN_MS);
    const after = { ...standing, holders: new Set([...standing.holders, ...placed]) };
    const openForMs = this.#openForMs(after);
    if (openForMs !== null) watchlist.watch(id, now, now + openForMs);
    // Five it has now, and not the first five: the rest is balance, and this relay's turn as before.
    const isRepaired = planned.missing > 0 && placed.length > 0;
    if (isRepaired && plan(after, self).heirs.length > 0) watchlist.watch(id, now, now);
  }

  /** Gives up own replicas that are too many, and tells the holders of others. */
  async #settleSurplus(
    surplus: readonly Excess[],
    { presence }: PassMode,
    tally: Tally,
    signal: AbortSignal,
  ): Promise<void> {
    const { self, watchlist, clock } = this.#parts;
    const settled = new Set(presence.members.filter((member) => member.settled).map(({ id }) => id));
    const hints = new Map<RelayId, ChunkId[]>();
    for (const { id, at, standing } of surplus) {
      throwIfAborted(signal);
      const now = clock.now();
      if (at !== self) {
        const told = hints.get(at) ?? [];
        told.push(id);
        hints.set(at, told);
      } else if (standing === null) {
        // The new replica is to be seen first.
        watchlist.watch(id, now, now);
      } else if (await this.#drop(standing, settled, signal)) {
        tally.dropped++;
        watchlist.forget(id);
      } else {
        watchlist.watch(id, now, now + KEEP_PROMISE_MS);
      }
    }
    await Promise.all([...hints].map(([relay, ids]) => this.#hint(relay, ids, signal)));
  }

  async #drop(standing: Standing, settled: ReadonlySet<RelayId>, signal: AbortSignal): Promise<boolean> {
    const { self, log } = this.#parts;
    const better = plan(standing, self).better.filter((relay) => settled.has(relay));
    try {
      return await dropSurplus(this.#parts, standing.id, better, signal);
    } catch (cause) {
      throwIfAborted(signal);
      const { code } = AppError.from(cause);
      if (code !== 'NOT_FOUND' && code !== 'DELETED')
        log.warn({ err: cause }, 'A surplus replica could not be given up');
      return false;
    }
  }

  async #hint(relay: RelayId, ids: readonly ChunkId[], signal: AbortSignal): Promise<void> {
    const { rpc, log } = this.#parts;
    try {
      for (let at = 0; at < ids.length; at += MAX_OFFERED_CHUNKS) {
        await rpc.call(relay, HINT_SURPLUS, { ids: ids.slice(at, at + MAX_OFFERED_CHUNKS) }, signal);
      }
    } catch (cause) {
      throwIfAborted(signal);
      // Its own next pass finds them too.
      log.debug({ relay, code: AppError.from(cause).code }, 'A relay was not told of its surplus');
    }
  }
}

/** A chunk with more holders than it needs, and one that is too many. */
interface Excess {
  readonly id: ChunkId;
  readonly at: RelayId;
  /** Null: it has only just become too many. */
  readonly standing: Standing | null;
}

/** The chunks of which this relay's replica is too many, and those of others, where it is the first holder's to tell them. */
function excessOf(standings: readonly Standing[], self: RelayId): Excess[] {
  return standings.flatMap((standing) => {
    const { surplus, turn } = plan(standing, self);
    return surplus.flatMap((at) => (at === self || turn === 0 ? { id: standing.id, at, standing } : []));
  });
}
