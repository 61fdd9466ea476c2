/** Asks one candidate after another until one gives a good answer, and the next one early when an answer is slow. */
import { throwIfAborted } from '../../shared/errors.ts';
import type { Clock } from './ports.ts';

/** More would multiply the traffic of every slow moment … */
const MAX_PARALLEL = 3;
/** … but relays that take requests and never answer must not be all that is asked: after so many patiences in vain, one more is. */
const VAIN_WAITS = 2;
const MAX_PENDING = 12;

export interface HedgeOptions {
  /** Patience with a candidate before the next is asked as well. */
  readonly hedgeMs: number;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly signal: AbortSignal;
}

/**
 * The first answer that is not null, or null when all candidates gave none. `ask` must not throw; the attempts that
 * lose, and the search for candidates, are aborted through their signal. Throws `ABORTED`, and what the search throws.
 */
export async function firstGood<C, T>(
  candidates: (signal: AbortSignal) => AsyncIterable<C>,
  ask: (candidate: C, signal: AbortSignal) => Promise<T | null>,
  { hedgeMs, clock, signal }: HedgeOptions,
): Promise<T | null> {
  const losers = new AbortController();
  const attempts = AbortSignal.any([signal, losers.signal]);
  const pending = new Set<Promise<T | null>>();
  const iterator = candidates(attempts)[Symbol.asyncIterator]();
  const state: { search: Promise<null> | undefined; exhausted: boolean } = {
    search: undefined,
    exhausted: false,
  };
  let slots = MAX_PARALLEL;
  let vainWaits = 0;
  const isSeeking = (): boolean => state.search !== undefined;
  const seek = async (): Promise<null> => {
    const next = await iterator.next();
    if (next.done === true) state.exhausted = true;
    else pending.add(ask(next.value, attempts));
    state.search = undefined;
    return null;
  };
  try {
    for (;;) {
      throwIfAborted(signal);
      if (!state.exhausted && pending.size < slots) {
        state.search ??= seek();
        // To find one more may take long: an answer meanwhile is as good.
        const answer = await firstEnded(pending, state.search);
        if (answer !== null) return answer;
        if (isSeeking()) continue;
      }
      if (pending.size === 0 && state.exhausted) return null;
      const waiting = pending.size;
      const answer = await nextAnswer(pending, state.exhausted ? null : hedgeMs, clock, attempts);
      if (answer !== null) return answer;
      vainWaits = pending.size === waiting && waiting === slots ? vainWaits + 1 : 0;
      if (vainWaits < VAIN_WAITS) continue;
      vainWaits = 0;
      slots = Math.min(slots + 1, MAX_PENDING);
    }
  } finally {
    losers.abort();
    // Nobody waits for it any more.
    state.search?.catch(() => undefined);
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
  const over = new AbortController();
  const patience =
    patienceMs === null
      ? []
      : [clock.sleep(patienceMs, AbortSignal.any([signal, over.signal])).then(nothing, nothing)];
  const answer = await firstEnded(pending, ...patience);
  over.abort();
  return answer;
}

/** The answer of whichever attempt ends first, taken out of `pending`; null too when one of `others` ends before. */
async function firstEnded<T>(
  pending: Set<Promise<T | null>>,
  ...others: readonly Promise<null>[]
): Promise<T | null> {
  const ended = [...pending].map(async (attempt) => {
    const answer = await attempt;
    return { attempt, answer };
  });
  const first = await Promise.race([...ended, ...others]);
  if (first === null) return null;
  pending.delete(first.attempt);
  return first.answer;
}

function nothing(): null {
  return null;
}
