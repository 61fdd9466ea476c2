/** Asks one candidate after another until one gives a good answer, and the next one early when an answer is slow. */
import { throwIfAborted } from '../../shared/errors.ts';
import type { Clock } from './ports.ts';

/** More would multiply the traffic of every slow moment. */
const MAX_PARALLEL = 3;

export interface HedgeOptions {
  /** Patience with a candidate before the next is asked as well. */
  readonly hedgeMs: number;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly signal: AbortSignal;
}

/**
 * The first answer that is not null, or null when all candidates gave none. `ask` must not throw; the attempts that
 * lose are aborted through their signal. Throws `ABORTED`.
 */
export async function firstGood<C, T>(
  candidates: AsyncIterable<C>,
  ask: (candidate: C, signal: AbortSignal) => Promise<T | null>,
  { hedgeMs, clock, signal }: HedgeOptions,
): Promise<T | null> {
  const losers = new AbortController();
  const attempts = AbortSignal.any([signal, losers.signal]);
  const pending = new Set<Promise<T | null>>();
  const iterator = candidates[Symbol.asyncIterator]();
  let exhausted = false;
  try {
    for (;;) {
      throwIfAborted(signal);
      if (!exhausted && pending.size < MAX_PARALLEL) {
        const next = await iterator.next();
        if (next.done === true) exhausted = true;
        else pending.add(ask(next.value, attempts));
      }
      if (pending.size === 0 && exhausted) return null;
      const answer = await nextAnswer(pending, exhausted ? null : hedgeMs, clock, attempts);
      if (answer !== null) return answer;
    }
  } finally {
    losers.abort();
    await iterator.return?.();
  }
}

/** The answer of whichever attempt ends first, taken out of `pending`; null too when `patienceMs` are over. */
async function nextAnswer<T>(
  pending: Set<Promise<T | null>>,
  patienceMs: number | null,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
): Promise<T | null> {
  const ended = [...pending].map(async (attempt) => {
    const answer = await attempt;
    return { attempt, answer };
  });
  const over = new AbortController();
  const patience =
    patienceMs === null
      ? []
      : [clock.sleep(patienceMs, AbortSignal.any([signal, over.signal])).then(nothing, nothing)];
  const first = await Promise.race([...ended, ...patience]);
  over.abort();
  if (first === null) return null;
  pending.delete(first.attempt);
  return first.answer;
}

function nothing(): null {
  return null;
}
