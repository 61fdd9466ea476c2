/**
 * The one error type of Lanvault and its closed set of codes. Everything that can go wrong on purpose is an
 * `AppError`, and it crosses HTTP, workers and the service worker as `{ code, message, details? }`.
 */

/** For each code: the HTTP status that carries it, and whether trying again (or elsewhere) may help. */
const CODES = {
  /** The caller's input is malformed or out of range. */
  BAD_INPUT: { status: 400, retryable: false },
  /** Bytes do not hash to the id they were sent under. */
  HASH_MISMATCH: { status: 400, retryable: false },
  /** A private swarm: the request bears no valid session. */
  NO_SESSION: { status: 401, retryable: false },
  /** Authentication or origin check failed. */
  FORBIDDEN: { status: 403, retryable: false },
  NOT_FOUND: { status: 404, retryable: false },
  /** Its owner has deleted it: it will not come back. */
  DELETED: { status: 410, retryable: false },
  /** Another writer owns it, or it exists with other content. */
  CONFLICT: { status: 409, retryable: false },
  TOO_LARGE: { status: 413, retryable: false },
  RATE_LIMITED: { status: 429, retryable: true },
  INTERNAL: { status: 500, retryable: false },
  /** A version, format or platform feature that this build does not have. */
  UNSUPPORTED: { status: 501, retryable: false },
  /** The other side cannot be reached, closed the connection, or is not ready. */
  UNAVAILABLE: { status: 503, retryable: true },
  TIMEOUT: { status: 504, retryable: true },
  /** Quota, free-space floor or a full disk. */
  NO_SPACE: { status: 507, retryable: true },
  /** The caller's AbortSignal fired. */
  ABORTED: { status: 499, retryable: false },
  /** Stored or received data does not verify: token, compression, length, manifest or root. */
  CORRUPT: { status: 422, retryable: false },
  /** Fewer live relays than the caller's minimum. */
  NOT_ENOUGH_RELAYS: { status: 503, retryable: true },
  /** No holder gave a valid replica of a chunk. */
  CHUNK_LOST: { status: 404, retryable: true },
  /** The source file changed while it was read. */
  FILE_CHANGED: { status: 409, retryable: false },
  /** A local file or folder could not be read or written. */
  IO: { status: 500, retryable: false },
} as const;

export type ErrorCode = keyof typeof CODES;

/** What an `AppError` looks like on a wire: the JSON body of an HTTP error is `{ error: ErrorObject }`. */
export interface ErrorObject {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, string | number | boolean>>;
}

export type ErrorDetails = NonNullable<ErrorObject['details']>;

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails | undefined;

  /** `message` is for a person: what is wrong and what to do. It never holds keys, names of files on relays, or tokens. */
  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }

  get status(): number {
    return CODES[this.code].status;
  }

  get retryable(): boolean {
    return CODES[this.code].retryable;
  }

  toObject(): ErrorObject {
    const base = { code: this.code, message: this.message };
    return this.details === undefined ? base : { ...base, details: this.details };
  }

  /** Rebuilds an error that came over a boundary; anything that is not an `ErrorObject` becomes `INTERNAL`. */
  static fromObject(value: unknown): AppError {
    if (!isErrorObject(value))
      return new AppError('INTERNAL', 'The other side sent an error that is not understood.');
    return new AppError(
      value.code,
      value.message,
      value.details === undefined ? {} : { details: value.details },
    );
  }

  /** Any thrown value as an `AppError`; an abort becomes `ABORTED`, the unknown becomes `fallback`. */
  static from(cause: unknown, fallback: ErrorCode = 'INTERNAL'): AppError {
    if (cause instanceof AppError) return cause;
    if (isAbort(cause)) return new AppError('ABORTED', 'Cancelled.', { cause });
    const message = cause instanceof Error ? cause.message : String(cause);
    return new AppError(fallback, message, { cause });
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(CODES, value);
}

function isErrorObject(value: unknown): value is ErrorObject {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, details } = value as Record<string, unknown>;
  if (!isErrorCode(code) || typeof message !== 'string') return false;
  return details === undefined || (typeof details === 'object' && details !== null);
}

function isAbort(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'AbortError';
}

/** Throws `ABORTED` if the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw abortError(signal);
}

/** The error for a fired signal: its reason if that is an `AppError`, else `ABORTED`. */
export function abortError(signal: AbortSignal): AppError {
  return signal.reason instanceof AppError
    ? signal.reason
    : new AppError('ABORTED', 'Cancelled.', { cause: signal.reason });
}
