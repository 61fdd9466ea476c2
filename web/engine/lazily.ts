import { AppError } from '../../shared/errors.ts';

/**
 * Loads code, and what is made of it, when it is first asked for, and keeps it. A load that fails is forgotten, so that the next
 * call tries again; calls that come while one loads share it. Throws `UNAVAILABLE`, and an `AppError` as it is.
 */
export function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | null = null;
  return () => {
    loading ??= load().catch((cause: unknown) => {
      loading = null;
      if (cause instanceof AppError) throw cause;
      throw new AppError(
        'UNAVAILABLE',
        'A part of the app could not be loaded: the relay that serves it does not answer.',
        { cause },
      );
    });
    return loading;
  };
}
