/** Trying again after errors that time may cure. */
import { AppError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS } from '../limits.ts';
import type { EngineClock } from './clock.ts';

/** Exponential, from `BACKOFF_FIRST_MS` to `BACKOFF_MAX_MS`, with jitter of a half so that clients do not march in step. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  return Math.min(BACKOFF_FIRST_MS * 2 ** attempt, BACKOFF_MAX_MS) * (0.5 + random() / 2);
}

/** Calls `work` up to `tries` times while it fails with one of `codes`. */
export async function withRetry<T>(
  options: { clock: EngineClock; tries: number; codes: readonly ErrorCode[]; signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  const { clock, tries, codes, signal } = options;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const again = error instanceof AppError && codes.includes(error.code) && attempt + 1 < tries;
      if (!again || signal.aborted) throw error;
      await clock.sleep(backoffMs(attempt), signal);
    }
  }
}
