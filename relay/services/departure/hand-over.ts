/** Finds every chunk of a leaving relay another home: five others that prove theirs, or one more that signs for a new replica. */
import { AppError, throwIfAborted } from '../../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { DEPARTURE_PAUSE_MS, DEPARTURE_ROUNDS, REPLICAS } from '../../../shared/limits.ts';
import type { Auditor } from '../care/audit.ts';
import { inParallel } from '../care/in-parallel.ts';
import type { Job, JobOutcome, Mover } from '../care/mover.ts';
import type { OwnChunks } from '../care/own-chunks.ts';
import type { Standing } from '../care/plan.ts';
import { presence } from '../care/presence.ts';
import type { PresenceParts } from '../care/presence.ts';
import type { OwnChunk, Survey } from '../care/survey.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc } from '../rpc.ts';

/** Chunks whose holders are audited at once; each costs up to five audits. */
const AUDITS_AT_ONCE = 4;

export interface HandOverParts extends PresenceParts {
  readonly self: RelayId;
  readonly clock: Clock;
  readonly rpc: PeerRpc;
  readonly own: OwnChunks;
  readonly survey: Survey;
  readonly mover: Mover;
  readonly auditor: Auditor;
}

export class HandOver {
  readonly #parts: HandOverParts;
  /** Chunks for which a receipt was all that could be had: fewer than five others have them. */
  readonly #few = new Set<ChunkId>();
  /** Relays that took no offer of a chunk that found no home, since they had it or were to get it: asked last from now on. */
  readonly #evasive = new Map<ChunkId, ReadonlySet<RelayId>>();

  constructor(parts: HandOverParts) {
    this.#parts = parts;
  }

  /** The chunks that found no home, after several rounds. Throws `ABORTED`. */
  async place(chunks: readonly OwnChunk[], signal: AbortSignal): Promise<readonly OwnChunk[]> {
    let homeless = chunks;
    for (let round = 0; round < DEPARTURE_ROUNDS && homeless.length > 0; round++) {
      if (round > 0) await this.#parts.clock.sleep(DEPARTURE_PAUSE_MS, signal);
      homeless = await this.#round(homeless, signal);
    }
    return homeless;
  }

  /** Of chunks that had found a home, those that seem to have lost it since. Throws `ABORTED`. */
  async lost(chunks: readonly OwnChunk[], signal: AbortSignal): Promise<OwnChunk[]> {
    const standings = await this.#survey(chunks, signal);
    return standings.filter((standing) => {
      const others = othersOf(standing, this.#parts.self).length;
      return others < REPLICAS && !(others > 0 && this.#few.has(standing.id));
    });
  }

  async #round(chunks: readonly OwnChunk[], signal: AbortSignal): Promise<OwnChunk[]> {
    const { self, mover, own } = this.#parts;
    const standings = await this.#survey(chunks, signal);
    const proven = await this.#proven(standings, signal);
    const jobs = standings.flatMap((standing): Job[] => {
      const count = proven.get(standing.id) ?? 0;
      if (count >= REPLICAS) return [];
      const { id, sizeBytes, order, holders, distrusted } = standing;
      const evasive = this.#evasive.get(id);
      const candidates = order.flatMap((member) =>
        member.id === self || holders.has(member.id) || distrusted.has(member.id) ? [] : member.id,
      );
      candidates.sort((a, b) => Number(evasive?.has(a) ?? false) - Number(evasive?.has(b) ?? false));
      return [{ id, sizeBytes, candidates, needed: REPLICAS - count }];
    });
    const outcomes = await mover.place(jobs, signal);
    for (const outcome of outcomes) {
      const { job, placed, had, coming } = outcome;
      if (!isPlaced(outcome)) {
        this.#evasive.set(job.id, new Set([...(this.#evasive.get(job.id) ?? []), ...had, ...coming]));
        continue;
      }
      this.#evasive.delete(job.id);
      if (placed.length < job.needed) this.#few.add(job.id);
    }
    // What its owner has deleted meanwhile, or has rotted, is nothing to hand over any more.
    return outcomes.flatMap(({ job, ...rest }) =>
      isPlaced({ job, ...rest }) || !own.has(job.id) ? [] : { id: job.id, sizeBytes: job.sizeBytes },
    );
  }

  #survey(chunks: readonly OwnChunk[], signal: AbortSignal): Promise<Standing[]> {
    return this.#parts.survey.standings(chunks, presence(this.#parts, true), { patient: false }, signal);
  }

  /** Other holders of each chunk; where five say that they are, each one has to prove it. */
  async #proven(standings: readonly Standing[], signal: AbortSignal): Promise<ReadonlyMap<ChunkId, number>> {
    const proven = new Map<ChunkId, number>();
    await inParallel(standings, AUDITS_AT_ONCE, async (standing) => {
      const others = othersOf(standing, this.#parts.self);
      const enough = others.length >= REPLICAS;
      proven.set(standing.id, enough ? await this.#audit(standing.id, others, signal) : others.length);
    });
    return proven;
  }

  async #audit(id: ChunkId, others: readonly RelayId[], signal: AbortSignal): Promise<number> {
    const { own, auditor, rpc } = this.#parts;
    let chunk: Uint8Array;
    try {
      chunk = await own.readVerified(id);
    } catch (cause) {
      if (AppError.from(cause).code === 'INTERNAL') throw cause;
      return 0;
    }
    let proven = 0;
    for (let next = 0; next < others.length && proven < REPLICAS;) {
      throwIfAborted(signal);
      const few = others.slice(next, next + REPLICAS - proven);
      next += few.length;
      const results = await Promise.all(
        few.map((relay) => auditor.ask(rpc, relay, { id, chunk, keep: true }, signal)),
      );
      proven += results.filter((result) => result === 'proven').length;
    }
    return proven;
  }
}

function othersOf({ order, holders }: Standing, self: RelayId): RelayId[] {
  return order.flatMap(({ id }) => (id !== self && holders.has(id) ? id : []));
}

function isPlaced({ placed }: JobOutcome): boolean {
  return placed.length > 0;
}
