import { AppError } from '../../../../shared/errors.ts';

/** The error that a promise ends with. */
export async function errorOf(work: Promise<unknown>): Promise<AppError> {
  try {
    await work;
  } catch (cause) {
    return AppError.from(cause);
  }
  throw new Error('It did not fail.');
}
