/** One chunk, opened, from whichever holder gives a valid replica first. */
import { discard } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError, throwIfAborted } from '../errors.ts';
import type { ErrorDetails } from '../errors.ts';
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

export interface Wanted {
  readonly id: ChunkId;
  /** What a person calls it, at the start of a sentence: `Block 3`. */
  readonly name: string;
  readonly details?: ErrorDetails;
  /** Verifies a replica and gives what is in it; the bytes are its own. Throws `CORRUPT` for one that is not valid. */
  open(chunk: Bytes, signal: AbortSignal): Promise<Bytes>;
}

/** A block of a file, as its manifest has it. */
export function blockOf(row: ChunkRow, key: Bytes, workers: BlockWorkers): Wanted {
  const { id, index, compression, size } = row;
  return {
    id,
    name: `Block ${index}`,
    details: { index },
    open: (chunk, signal) => workers.open({ id, chunk, key, compression, size }, signal),
  };
}

/**
 * Fetches, verifies and opens a chunk. The likeliest holder is asked first; one that fails is followed by the next at
 * once, one that is slower than usual is joined by the next. The first *valid* replica wins.
 *
 * Throws `CHUNK_LOST` that names it when nobody gave a valid replica in `GET_ROUNDS` rounds, `UNAVAILABLE` when no relay
 * answers at all, `ABORTED`.
 */
export async function fetchChunk(view: SwarmView, wanted: Wanted, signal: AbortSignal): Promise<Bytes> {
  const tally: Tally = { asked: 0, absent: 0, invalid: 0, silent: 0 };
  for (let round = 0; round < GET_ROUNDS; round++) {
    const lastRound = round === GET_ROUNDS - 1;
    if (round > 0) {
      await view.clock.sleep(backoffMs(round), signal);
      view.members.expire();
    }
    const candidates = await candidatesFor(view, wanted.id, lastRound, signal);
    const opened = await new Race(view, wanted, tally).run(candidates, signal);
    if (opened !== null) return opened;
  }
  throw new AppError(
    'CHUNK_LOST',
    `${wanted.name} cannot be read: no relay gave a valid copy (${tally.asked} requests: ${tally.absent} without ` +
      `it, ${tally.invalid} damaged, ${tally.silent} without an answer). Try again when more relays are up.`,
    { details: { ...wanted.details, ...tally } },
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
  readonly #wanted: Wanted;
  readonly #tally: Tally;
  readonly #running = new Set<Try>();
  readonly #occurred: Occurrence[] = [];
  #wake: (() => void) | undefined;
  #workerFailures = 0;
  #over = false;

  constructor(view: SwarmView, wanted: Wanted, tally: Tally) {
    this.#view = view;
    this.#wanted = wanted;
    this.#tally = tally;
  }

  /** What is in the chunk, or null when every candidate has failed. Losers are aborted before it returns. */
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
        const opened = occurrence.kind === 'bytes' ? await this.#open(occurrence, signal) : null;
        if (opened !== null) return opened;
        if (occurrence.kind === 'failed') this.#blame(occurrence);
        startNext();
      }
      return null;
    } finally {
      scope.abort();
      this.#over = true;
      this.#occurred.forEach(discardBytes);
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
        const answer = swarm.get(this.#wanted.id, candidate, bounded);
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
    if (this.#over) discardBytes(occurrence);
    else this.#occurred.push(occurrence);
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
    try {
      const opened = await untilAborted(signal, this.#wanted.open(bytes, signal));
      this.#view.latencies.add(latencyMs);
      for (const { candidate, startedAt } of this.#running) {
        // Asked earlier and still not there.
        if (candidate !== null && startedAt < by.startedAt)
          this.#view.penalties.add(candidate, SLOW_PENALTY_MS);
      }
      return opened;
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

/** A loser's megabyte does not wait for the garbage collector. */
function discardBytes(occurrence: Occurrence): void {
  if (occurrence.kind === 'bytes') discard(occurrence.bytes);
}

function isRateLimited(error: unknown): boolean {
  return error instanceof AppError && error.code === 'RATE_LIMITED';
}
