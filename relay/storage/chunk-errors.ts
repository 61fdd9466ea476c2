import { AppError } from '../../shared/errors.ts';

export function deleted(): AppError {
  return new AppError('DELETED', 'The chunk’s owner has deleted it.');
}

export function notFound(cause?: unknown): AppError {
  const options = cause === undefined ? {} : { cause };
  return new AppError('NOT_FOUND', 'This relay does not hold the chunk.', options);
}
