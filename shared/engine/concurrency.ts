/** Structured concurrency: every task has an owner that waits for it and can stop it. */
import { AppError, abortError, throwIfAborted } from '../errors.ts';
import type { EngineClock } from './clock.ts';

/** An abort that follows its parent and can also fire by itself. `abort` ends it and lets go of the parent. */
export interface AbortFork {
  readonly signal: AbortSignal;
  abort(reason?: AppError): void;
}

export function forkAbort(parent: AbortSignal): AbortFork {
  const controller = new AbortController();
  const abort = (reason: unknown): void => {
    parent.removeEventListener('abort', onParent);
    controller.abort(reason);
  };
  function onParent(): void {
    abort(abortError(parent));
  }
  if (parent.aborted) onParent();
  else parent.addEventListener('abort', onParent, { once: true });
  return { signal: controller.signal, abort };
}

/** The work's result, or the abort as soon as the signal fires, even if the work does not heed it. */
export function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(abortError(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Runs `work` for at most `timeoutMs`, then aborts its signal and throws `TIMEOUT`. */
export async function withDeadline<T>(
  options: { clock: EngineClock; timeoutMs: number; what: string; signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, timeoutMs, what, signal } = options;
  throwIfAborted(signal);
  const scope = forkAbort(signal);
  clock.sleep(timeoutMs, scope.signal).then(
    () => scope.abort(new AppError('TIMEOUT', `${what} took longer than ${timeoutMs / 1000} s.`)),
    () => undefined, // The work ended first.
  );
  try {
    return await untilAborted(scope.signal, work(scope.signal));
  } finally {
    scope.abort();
  }
}

/** Admits at most `size` holders at a time, first come, first served. */
export class Semaphore {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(size: number) {
    this.#free = size;
  }

  /** Resolves with how to release; releasing twice is once. */
  async acquire(signal: AbortSignal): Promise<() => void> {
    throwIfAborted(signal);
    if (this.#free > 0) {
      this.#free--;
      return this.#releaser();
    }
    let admit = (): void => undefined;
    const admitted = new Promise<() => void>((resolve) => {
      admit = () => resolve(this.#releaser());
    });
    this.#waiting.add(admit);
    try {
      return await untilAborted(signal, admitted);
    } catch (error) {
      // Admitted and aborted in the same turn: the place goes to the next in line.
      if (!this.#waiting.delete(admit)) (await admitted)();
      throw error;
    }
  }

  #releaser(): () => void {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = this.#waiting;
      if (next === undefined) this.#free++;
      else {
        this.#waiting.delete(next);
        next();
      }
    };
  }
}

/** Tasks that live and die together: the first failure aborts the others, and `join` throws it, once. */
export class TaskGroup {
  readonly #scope: AbortFork;
  readonly #parent: AbortSignal;
  readonly #tasks = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(parent: AbortSignal) {
    this.#parent = parent;
    this.#scope = forkAbort(parent);
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  run(task: (signal: AbortSignal) => Promise<void>): void {
    const running: Promise<void> = task(this.signal)
      .catch((error: unknown) => {
        this.#failure ??= { error };
        this.#scope.abort(AppError.from(error));
      })
      .finally(() => this.#tasks.delete(running));
    this.#tasks.add(running);
  }

  /** Waits until no task is left, those included that tasks have started. */
  async join(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    this.#scope.abort();
    throwIfAborted(this.#parent);
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
