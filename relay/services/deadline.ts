import { AppError, abortError, throwIfAborted } from '../../shared/errors.ts';
import type { Clock } from './ports.ts';

/** Aborting without a reason makes a DOMException with a stack trace, which costs more than the timer. */
const OVER = 'over';

/**
 * Runs `work` with a signal that fires when `signal` does, or with `TIMEOUT` after `timeoutMs`. Rejects at that moment
 * even if `work` does not listen.
 */
export async function withDeadline<T>(
  clock: Pick<Clock, 'sleep'>,
  timeoutMs: number,
  what: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const deadline = new AbortController();
  const timer = new AbortController();
  const either = AbortSignal.any([signal, deadline.signal]);
  void clock.sleep(timeoutMs, timer.signal).then(
    () => deadline.abort(new AppError('TIMEOUT', `${what} took longer than ${timeoutMs} ms.`)),
    () => undefined,
  );
  try {
    return await abortable(either, work(either));
  } finally {
    timer.abort(OVER);
  }
}

/** `promise`, or the signal's error as soon as that fires. */
export async function abortable<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(abortError(signal));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
