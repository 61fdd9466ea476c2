/** Makes replicas on other relays: offers first, sends what is wanted, and counts nothing without a verified receipt. */
import { randomBytes } from 'node:crypto';
import { AppError, throwIfAborted } from '../../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { MAX_OFFERED_CHUNKS, NONCE_BYTES, REPAIR_SENDS } from '../../../shared/limits.ts';
import type { EventBus } from '../events.ts';
import type { Log } from '../log.ts';
import type { PeerTransport } from '../ports.ts';
import { checkReceipt } from '../receipts.ts';
import type { PeerRpc } from '../rpc.ts';
import type { BytePace } from './byte-pace.ts';
import { inParallel } from './in-parallel.ts';
import { OFFER_CHUNKS } from './offers.ts';
import type { OfferAnswer } from './offers.ts';
import type { OwnChunk } from './survey.ts';

/** A chunk and whom to offer it to, in turn, until `needed` of them have it. */
export interface Job extends OwnChunk {
  readonly candidates: readonly RelayId[];
  readonly needed: number;
}

export interface JobOutcome {
  readonly job: Job;
  /** Their receipts have been verified. */
  readonly placed: readonly RelayId[];
  /** They said that they have it, which nobody has checked. */
  readonly had: readonly RelayId[];
  /** They said that somebody else is sending it. */
  readonly coming: readonly RelayId[];
  /** They did not answer, or what was sent did not arrive: worth another try soon. */
  readonly failed: readonly RelayId[];
}

export interface MoverParts {
  readonly rpc: PeerRpc;
  readonly transport: PeerTransport;
  readonly readVerified: (id: ChunkId) => Promise<Uint8Array>;
  readonly pace: BytePace;
  readonly events: EventBus;
  readonly log: Log;
}

interface Progress extends JobOutcome {
  readonly placed: RelayId[];
  readonly had: RelayId[];
  readonly coming: RelayId[];
  readonly failed: RelayId[];
  next: number;
}

interface Wanted {
  readonly relay: RelayId;
  readonly of: Progress;
}

export class Mover {
  readonly #parts: MoverParts;

  constructor(parts: MoverParts) {
    this.#parts = parts;
  }

  /** One outcome for each job, in their order; what single relays failed with is logged. Throws `ABORTED`. */
  async place(jobs: readonly Job[], signal: AbortSignal): Promise<JobOutcome[]> {
    const outcomes: JobOutcome[] = [];
    for (let at = 0; at < jobs.length; at += MAX_OFFERED_CHUNKS) {
      outcomes.push(...(await this.#placeFew(jobs.slice(at, at + MAX_OFFERED_CHUNKS), signal)));
    }
    return outcomes;
  }

  /** So few that every relay's part of them fits one offer, and is sent long before its reservation ends. */
  async #placeFew(jobs: readonly Job[], signal: AbortSignal): Promise<JobOutcome[]> {
    const all = jobs.map((job): Progress => ({ job, placed: [], had: [], coming: [], failed: [], next: 0 }));
    for (;;) {
      const offers = new Map<RelayId, Progress[]>();
      for (const progress of all) {
        for (const relay of nextTakers(progress)) {
          const offered = offers.get(relay) ?? [];
          offered.push(progress);
          offers.set(relay, offered);
        }
      }
      if (offers.size === 0) return all;
      const wanted = await Promise.all(
        [...offers].map(([relay, offered]) => this.#offer(relay, offered, signal)),
      );
      await inParallel(wanted.flat(), REPAIR_SENDS, (each) => this.#send(each, signal));
    }
  }

  async #offer(relay: RelayId, offered: readonly Progress[], signal: AbortSignal): Promise<Wanted[]> {
    const { rpc, log } = this.#parts;
    const chunks = offered.map(({ job: { id, sizeBytes } }) => ({ id, size: sizeBytes }));
    let answers: readonly OfferAnswer[];
    try {
      ({ answers } = await rpc.call(relay, OFFER_CHUNKS, { chunks }, signal));
    } catch (cause) {
      throwIfAborted(signal);
      log.debug({ relay, code: AppError.from(cause).code }, 'A relay did not answer an offer of chunks');
      for (const of of offered) of.failed.push(relay);
      return [];
    }
    return offered.flatMap((of, index) => {
      const answer = answers[index];
      if (answer === 'want') return { relay, of };
      if (answer === 'have') of.had.push(relay);
      if (answer === 'busy') of.coming.push(relay);
      return [];
    });
  }

  async #send({ relay, of }: Wanted, signal: AbortSignal): Promise<void> {
    const { transport, readVerified, pace, events, log } = this.#parts;
    const { id, sizeBytes } = of.job;
    throwIfAborted(signal);
    await pace.take(sizeBytes, signal);
    try {
      const nonceHex = randomBytes(NONCE_BYTES).toString('hex');
      const chunk = await readVerified(id);
      const answer = await transport.putChunk(relay, id, chunk, nonceHex, signal);
      await checkReceipt(answer, { relay, chunk: id, sizeBytes: chunk.length, nonceHex });
      of.placed.push(relay);
      events.publish({ type: 'repair-moved', id, relay, size: chunk.length });
    } catch (cause) {
      throwIfAborted(signal);
      of.failed.push(relay);
      const { code } = AppError.from(cause);
      if (code === 'INTERNAL') log.error({ err: cause }, 'Sending a chunk to another holder failed');
      else log.debug({ relay, code }, 'A relay did not take a chunk that it wanted');
    }
  }
}

/** As many of the candidates not asked yet as there are replicas missing. */
function nextTakers(progress: Progress): readonly RelayId[] {
  const { job, placed, had, coming, next } = progress;
  const missing = Math.max(0, job.needed - placed.length - had.length - coming.length);
  const takers = job.candidates.slice(next, next + missing);
  progress.next += takers.length;
  return takers;
}
