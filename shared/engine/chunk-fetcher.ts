/** One chunk's plaintext, from whichever holder gives a valid replica first. */
import type { Bytes } from '../bytes.ts';
import { AppError, throwIfAborted } from '../errors.ts';
import type { ChunkRow } from '../format/manifest-types.ts';
import type { ChunkId, RelayId } from '../ids.ts';
import {
  CHUNK_GET_TIMEOUT_MS,
  GET_ROUNDS,
  MAX_PARALLEL_TRIES,
  NEIGHBOURHOOD,
  PENALTY_MS,
  RATE_LIMIT_TRIES,
  SLOW_PENALTY_MS,
} from '../limits.ts';
import { placementOrder } from '../placement/placement.ts';
import { forkAbort, untilAborted, withDeadline } from './concurrency.ts';
import type { BlockWorkers } from './ports.ts';
import { backoffMs, withRetry } from './retry.ts';
import type { SwarmView } from './swarm-view.ts';

/** A relay to ask; null: wherever the swarm finds the chunk. */
type Candidate = RelayId | null;

interface Try {
  readonly candidate: Candidate;
  readonly startedAt: number;
  /** The relay between was too busy to take the request: asking others through it as well would make it worse. */
  throttled: boolean;
}

type Occurrence =
  | { readonly kind: 'bytes'; readonly by: Try; readonly bytes: Bytes }
  | { readonly kind: 'failed'; readonly by: Try; readonly error: AppError }
  | { readonly kind: 'overdue'; readonly by: Try };

/** How the tries for one chunk ended, for the message when all have failed. */
interface Tally {
  asked: number;
  absent: number;
  invalid: number;
  silent: number;
}

/**
 * Fetches, verifies and opens a chunk. The likeliest holder is asked first; one that fails is followed by the next at
 * once, one that is slower than usual is joined by the next. The first *valid* replica wins.
 *
 * Throws `CHUNK_LOST` that names the block when nobody gave a valid replica in `GET_ROUNDS` rounds, `UNAVAILABLE` when
 * no relay answers at all, `ABORTED`.
 */
export async function fetchBlock(
  view: SwarmView,
  workers: BlockWorkers,
  row: ChunkRow,
  key: Bytes,
  signal: AbortSignal,
): Promise<Bytes> {
  const tally: Tally = { asked: 0, absent: 0, invalid: 0, silent: 0 };
  for (let round = 0; round < GET_ROUNDS; round++) {
    const lastRound = round === GET_ROUNDS - 1;
    if (round > 0) {
      await view.clock.sleep(backoffMs(round), signal);
      view.members.expire();
    }
    const candidates = await candidatesFor(view, row.id, lastRound, signal);
    const block = await new Race(view, workers, row, key, tally).run(candidates, signal);
    if (block !== null) return block;
  }
  throw new AppError(
    'CHUNK_LOST',
    `Block ${row.index} cannot be read: no relay gave a valid copy (${tally.asked} requests: ${tally.absent} without ` +
      `it, ${tally.invalid} damaged, ${tally.silent} without an answer). Try again when more relays are up.`,
    { details: { index: row.index, ...tally } },
  );
}

/**
 * Placement order, relays with a penalty last; after the neighbourhood the swarm's own search, which costs one request
 * where the remaining members would cost one each; in large swarms these come after it.
 */
async function candidatesFor(
  view: SwarmView,
  id: ChunkId,
  lastRound: boolean,
  signal: AbortSignal,
): Promise<Candidate[]> {
  try {
    const order = placementOrder(id, await view.members.get(signal));
    const likely = view.penalties.last(order.slice(0, NEIGHBOURHOOD));
    const rest = order.slice(NEIGHBOURHOOD);
    return [...likely.map((member) => member.id), null, ...rest.map((member) => member.id)];
  } catch (error) {
    // Nobody says who is there. A relay may still find the chunk; if not, this is the reason to give.
    if (signal.aborted || lastRound) throw error;
    return [null];
  }
}

class Race {
  readonly #view: SwarmView;
  readonly #workers: BlockWorkers;
  readonly #row: ChunkRow;
  readonly #key: Bytes;
  readonly #tally: Tally;
  readonly #running = new Set<Try>();
  readonly #occurred: Occurrence[] = [];
  #wake: (() => void) | undefined;
  #workerFailures = 0;

  constructor(view: SwarmView, workers: BlockWorkers, row: ChunkRow, key: Bytes, tally: Tally) {
    this.#view = view;
    this.#workers = workers;
    this.#row = row;
    this.#key = key;
    this.#tally = tally;
  }

  /** The plaintext, or null when every candidate has failed. Losers are aborted before it returns. */
  async run(candidates: readonly Candidate[], signal: AbortSignal): Promise<Bytes | null> {
    const scope = forkAbort(signal);
    const waiting = candidates[Symbol.iterator]();
    const startNext = (): void => {
      if (this.#running.size >= MAX_PARALLEL_TRIES) return;
      const next = waiting.next();
      if (next.done !== true) this.#start(next.value, scope.signal);
    };
    try {
      startNext();
      while (this.#running.size > 0) {
        const occurrence = await this.#next();
        throwIfAborted(signal);
        if (occurrence.kind === 'overdue') {
          if (this.#running.has(occurrence.by) && !occurrence.by.throttled) startNext();
          continue;
        }
        this.#running.delete(occurrence.by);
        // Replicas are opened one at a time, so that a loser never costs a worker that is at work on it.
        const block = occurrence.kind === 'bytes' ? await this.#open(occurrence, signal) : null;
        if (block !== null) return block;
        if (occurrence.kind === 'failed') this.#blame(occurrence);
        startNext();
      }
      return null;
    } finally {
      scope.abort();
    }
  }

  #start(candidate: Candidate, signal: AbortSignal): void {
    const { clock, swarm, latencies } = this.#view;
    const by: Try = { candidate, startedAt: clock.now(), throttled: false };
    this.#running.add(by);
    this.#tally.asked++;
    const what = 'Fetching a chunk';
    withDeadline({ clock, timeoutMs: CHUNK_GET_TIMEOUT_MS, what, signal }, (bounded) =>
      withRetry({ clock, tries: RATE_LIMIT_TRIES, codes: ['RATE_LIMITED'], signal: bounded }, () => {
        const answer = swarm.get(this.#row.id, candidate, bounded);
        answer.catch((error: unknown) => (by.throttled ||= isRateLimited(error)));
        return answer;
      }),
    ).then(
      (bytes) => this.#push({ kind: 'bytes', by, bytes }),
      (error: unknown) => this.#push({ kind: 'failed', by, error: AppError.from(error, 'UNAVAILABLE') }),
    );
    clock.sleep(latencies.hedgeDelayMs(), signal).then(
      () => this.#push({ kind: 'overdue', by }),
      () => undefined, // The race is over.
    );
  }

  #push(occurrence: Occurrence): void {
    this.#occurred.push(occurrence);
    this.#wake?.();
  }

  /** Always comes to an end while a try runs: each one has a deadline. */
  async #next(): Promise<Occurrence> {
    for (;;) {
      const occurrence = this.#occurred.shift();
      if (occurrence !== undefined) return occurrence;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #open({ by, bytes }: { by: Try; bytes: Bytes }, signal: AbortSignal): Promise<Bytes | null> {
    const latencyMs = this.#view.clock.now() - by.startedAt;
    const { id, compression, size } = this.#row;
    try {
      const job = { id, chunk: bytes, key: this.#key, compression, size };
      const block = await untilAborted(signal, this.#workers.open(job, signal));
      this.#view.latencies.add(latencyMs);
      for (const { candidate, startedAt } of this.#running) {
        // Asked earlier and still not there.
        if (candidate !== null && startedAt < by.startedAt)
          this.#view.penalties.add(candidate, SLOW_PENALTY_MS);
      }
      return block;
    } catch (error) {
      const reason = AppError.from(error);
      // A worker may die for reasons of its own, once; twice is no accident.
      if (signal.aborted || (reason.code !== 'CORRUPT' && this.#workerFailures++ > 0)) throw reason;
      this.#tally.invalid++;
      if (by.candidate !== null && reason.code === 'CORRUPT')
        this.#view.penalties.add(by.candidate, PENALTY_MS);
      return null;
    }
  }

  #blame({ by, error }: { by: Try; error: AppError }): void {
    if (error.code === 'NOT_FOUND') {
      this.#tally.absent++;
      return;
    }
    if (error.code === 'TOO_LARGE' || error.code === 'CORRUPT') this.#tally.invalid++;
    else this.#tally.silent++;
    if (by.candidate !== null) this.#view.penalties.add(by.candidate, PENALTY_MS);
  }
}

function isRateLimited(error: unknown): boolean {
  return error instanceof AppError && error.code === 'RATE_LIMITED';
}
