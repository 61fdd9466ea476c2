/**
 * Iterative lookup (Kademlia §2.3): asks the nearest relays known for nearer ones, α at a time, until the k nearest have
 * answered. What relays tell is hints: one that is not known has to be proven by a link before it is asked, and whoever told
 * of several that were not there is not followed any more. Ends in bounded time and questions, whoever lies or is silent.
 */
import { AppError, throwIfAborted } from '../../../shared/errors.ts';
import type { RelayId } from '../../../shared/ids.ts';
import {
  DHT_ASK_TIMEOUT_MS,
  DHT_BUCKET,
  DHT_PARALLEL,
  LOOKUP_TIMEOUT_MS,
  MAX_FALSE_HINTS,
  MAX_LOOKUP_ASKS,
  MAX_LOOKUP_DIALS,
} from '../../../shared/limits.ts';
import { withDeadline } from '../deadline.ts';
import type { Introduce, RelayHint } from '../introduce.ts';
import type { Clock } from '../ports.ts';
import { distance } from './distance.ts';

export interface LookupPorts {
  readonly self: RelayId;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Whether a link has proven the relay. */
  readonly isKnown: (id: RelayId) => boolean;
  readonly introduce: Introduce;
  /** The relays that `relay` knows nearest to `target`. */
  readonly findNode: (relay: RelayId, target: string, signal: AbortSignal) => Promise<readonly RelayHint[]>;
}

export interface LookupResult {
  /** Relays that have answered, nearest first, at most k. */
  readonly nearest: readonly RelayId[];
  /** Whether the relay whose id is the target has answered. */
  readonly found: boolean;
  /** Relays that had to be asked one after the other to hear of the target, or of the farthest-fetched of `nearest`: 0 = all known before. */
  readonly hops: number;
  /** Questions sent. */
  readonly asked: number;
}

interface Candidate {
  readonly id: RelayId;
  readonly away: bigint;
  readonly hops: number;
  /** Who told of it, and where it should be; empty for those known before. */
  readonly tellers: Map<RelayId, RelayHint>;
  /** `proven`: a link is open to it, and its answer is awaited. */
  state: 'new' | 'asked' | 'proven' | 'answered' | 'failed';
}

/** `seeds`: known relays to begin with. Throws `ABORTED` only. */
export async function lookup(
  target: string,
  seeds: readonly RelayId[],
  ports: LookupPorts,
  signal: AbortSignal,
): Promise<LookupResult> {
  return new Lookup(target, seeds, ports).run(signal);
}

class Lookup {
  readonly #target: string;
  readonly #ports: LookupPorts;
  readonly #candidates = new Map<RelayId, Candidate>();
  readonly #falseHints = new Map<RelayId, number>();
  readonly #over = new AbortController();
  readonly #done = Promise.withResolvers<undefined>();
  #asking = 0;
  #asked = 0;
  #dialled = 0;

  constructor(target: string, seeds: readonly RelayId[], ports: LookupPorts) {
    this.#target = target;
    this.#ports = ports;
    for (const id of seeds) this.#note(id, 0);
  }

  async run(signal: AbortSignal): Promise<LookupResult> {
    throwIfAborted(signal);
    const until = AbortSignal.any([signal, this.#over.signal]);
    const finish = (): void => this.#done.resolve(undefined);
    until.addEventListener('abort', finish, { once: true });
    void this.#ports.clock.sleep(LOOKUP_TIMEOUT_MS, until).then(finish, finish);
    this.#pump(until);
    await this.#done.promise;
    // Ends the timer, and what is still under way when time is up.
    this.#over.abort(new AppError('ABORTED', 'The lookup is over.'));
    throwIfAborted(signal);
    return this.#result();
  }

  #result(): LookupResult {
    const answered = this.#inOrder().filter(({ state }) => state === 'answered');
    const nearest = answered.slice(0, DHT_BUCKET);
    const target = answered.find(({ id }) => id === this.#target);
    const hops = target?.hops ?? Math.max(0, ...nearest.map((candidate) => candidate.hops));
    return {
      nearest: nearest.map(({ id }) => id),
      found: target !== undefined,
      hops,
      asked: this.#asked,
    };
  }

  #pump(signal: AbortSignal): void {
    while (this.#asking < DHT_PARALLEL && !signal.aborted) {
      const next = this.#next();
      if (next === undefined) break;
      this.#asking++;
      void this.#visit(next, signal).finally(() => {
        this.#asking--;
        this.#pump(signal);
      });
    }
    if (this.#asking === 0) this.#done.resolve(undefined);
  }

  /** The nearest one not asked yet of the k nearest that may still answer. */
  #next(): Candidate | undefined {
    if (this.#asked >= MAX_LOOKUP_ASKS) return undefined;
    if (this.#candidates.get(this.#target as RelayId)?.state === 'answered') return undefined;
    return this.#inOrder()
      .filter((candidate) => candidate.state !== 'failed' && this.#isWorthAsking(candidate))
      .slice(0, DHT_BUCKET)
      .find(({ state }) => state === 'new');
  }

  #isWorthAsking(candidate: Candidate): boolean {
    if (candidate.state !== 'new' || this.#ports.isKnown(candidate.id)) return true;
    return this.#dialled < MAX_LOOKUP_DIALS && this.#trusted(candidate) !== undefined;
  }

  /** A hint of where the candidate is, by someone who has not told too much that is untrue. */
  #trusted({ tellers }: Candidate): readonly [RelayId, RelayHint] | undefined {
    return [...tellers].find(([teller]) => (this.#falseHints.get(teller) ?? 0) < MAX_FALSE_HINTS);
  }

  async #visit(candidate: Candidate, signal: AbortSignal): Promise<void> {
    const { clock, findNode } = this.#ports;
    candidate.state = 'asked';
    this.#asked++;
    try {
      const answer = await withDeadline(
        clock,
        DHT_ASK_TIMEOUT_MS,
        'A relay’s answer',
        signal,
        async (either) => {
          await this.#prove(candidate, either);
          candidate.state = 'proven';
          return findNode(candidate.id, this.#target, either);
        },
      );
      candidate.state = 'answered';
      for (const hint of answer.slice(0, DHT_BUCKET))
        this.#note(hint.id, candidate.hops + 1, candidate.id, hint);
    } catch {
      // Silent, gone or never there: the lookup goes on without it.
      if (candidate.state === 'asked') this.#blame(candidate);
      candidate.state = 'failed';
    }
  }

  async #prove(candidate: Candidate, signal: AbortSignal): Promise<void> {
    const { isKnown, introduce } = this.#ports;
    if (isKnown(candidate.id)) return;
    const hint = this.#trusted(candidate);
    if (hint === undefined) throw new AppError('UNAVAILABLE', 'Nobody to be believed knows the relay.');
    this.#dialled++;
    await introduce(hint[1], hint[0], signal);
  }

  #blame({ tellers }: Candidate): void {
    for (const teller of tellers.keys())
      this.#falseHints.set(teller, (this.#falseHints.get(teller) ?? 0) + 1);
  }

  #note(id: RelayId, hops: number, teller?: RelayId, hint?: RelayHint): void {
    if (id === this.#ports.self) return;
    let candidate = this.#candidates.get(id);
    if (candidate === undefined) {
      candidate = { id, away: distance(this.#target, id), hops, tellers: new Map(), state: 'new' };
      this.#candidates.set(id, candidate);
    }
    if (teller !== undefined && hint !== undefined) candidate.tellers.set(teller, hint);
  }

  #inOrder(): Candidate[] {
    return [...this.#candidates.values()].sort((a, b) => (a.away < b.away ? -1 : 1));
  }
}
