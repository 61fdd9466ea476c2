/** Faults of the local file system as `AppError`s that say which file and what to do. */
import { AppError } from '../../shared/errors.ts';

const EXPLANATIONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of the path is not a folder',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'too many symbolic links',
  EPIPE: 'nobody reads it any more',
  EIO: 'the disk reported a fault',
  EMFILE: 'too many files are open',
  ETXTBSY: 'it is in use',
  EXDEV: 'it is on another disk',
};

/** `IO`, or `NO_SPACE` when the disk or quota is full. An `AppError` stays as it is. */
export function ioError(cause: unknown, doing: string): AppError {
  if (cause instanceof AppError) return cause;
  const code = errnoOf(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new AppError('NO_SPACE', `${doing} failed: the disk is full. Free some space and try again.`, {
      cause,
    });
  }
  if (cause instanceof Error && cause.name === 'AbortError') return AppError.from(cause);
  const why =
    (code === undefined ? undefined : EXPLANATIONS[code]) ??
    code ??
    (cause instanceof Error ? cause.message : String(cause));
  return new AppError('IO', `${doing} failed: ${why}.`, { cause });
}

export function errnoOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

/** The promise's value, or its failure as an `ioError`. */
export async function withIoErrors<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw ioError(cause, doing);
  }
}
