/** Reads what a relay answers, with bounds on everything: a relay is not trusted to be brief. */
import { discard } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { AppError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { MAX_ERROR_ANSWER_BYTES, MAX_ERROR_MESSAGE_CHARS } from '../limits.ts';
import { ApiError } from '../protocol/routes.ts';
import { parseJsonWith } from '../protocol/schemas.ts';

/** Codes that mean the same here as there; a relay's other faults are its own: somebody else may do better. */
const SHARED_CODES: readonly ErrorCode[] = [
  'BAD_INPUT',
  'HASH_MISMATCH',
  'NO_SESSION',
  'FORBIDDEN',
  'NOT_FOUND',
  'DELETED',
  'CONFLICT',
  'TOO_LARGE',
  'RATE_LIMITED',
  'UNSUPPORTED',
  'UNAVAILABLE',
  'TIMEOUT',
  'NO_SPACE',
];

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'BAD_INPUT',
  401: 'NO_SESSION',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  410: 'DELETED',
  413: 'TOO_LARGE',
  429: 'RATE_LIMITED',
  501: 'UNSUPPORTED',
  504: 'TIMEOUT',
  507: 'NO_SPACE',
};

export function sharedCode(code: string): ErrorCode {
  return SHARED_CODES.find((each) => each === code) ?? 'UNAVAILABLE';
}

/** The whole body. Throws `TOO_LARGE` as soon as it is longer than `maxBytes`, and what the stream throws. */
export async function readBody(response: Response, maxBytes: number): Promise<Bytes> {
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const announcedBytes = Number(response.headers.get('content-length') ?? 0);
  let body = new Uint8Array();
  try {
    if (announcedBytes > maxBytes) throw tooLarge();
    // Filled as the parts come, so that no second copy of the whole is made; the length announced is only a guess.
    body = new Uint8Array(Number.isInteger(announcedBytes) ? Math.max(announcedBytes, 0) : 0);
    let filledBytes = 0;
    for (;;) {
      const part = await reader.read();
      if (part.done) break;
      const neededBytes = filledBytes + part.value.length;
      if (neededBytes > maxBytes) throw tooLarge();
      if (neededBytes > body.length) body = resized(body, Math.min(maxBytes, 2 * neededBytes));
      body.set(part.value, filledBytes);
      filledBytes = neededBytes;
      discard(part.value);
    }
    return filledBytes === body.length ? body : resized(body, filledBytes);
  } catch (error) {
    // Nobody wants the rest; that it could not be cancelled would be no news.
    reader.cancel().catch(() => undefined);
    discard(body);
    throw error;
  }
}

/** What a relay said went wrong, in our words where it has none. Its text is shown to people: cut, on one line. */
export async function errorOf(response: Response): Promise<AppError> {
  const code = CODE_OF_STATUS[response.status] ?? 'UNAVAILABLE';
  const plain = new AppError(code, `The relay answered with HTTP status ${response.status}.`);
  try {
    const text = new TextDecoder().decode(await readBody(response, MAX_ERROR_ANSWER_BYTES));
    const { error } = parseJsonWith(ApiError, text, 'The error answer');
    const message = error.message.replace(/\p{C}+/gu, ' ').slice(0, MAX_ERROR_MESSAGE_CHARS);
    return new AppError(sharedCode(error.code), message);
  } catch (cause) {
    // An answer that is no `ApiError` has its status left; a broken connection is the caller's to see.
    if (cause instanceof AppError) return plain;
    throw cause;
  }
}

/** The first bytes in a buffer of another size; what does not fit is cut. The old buffer is gone. */
function resized(bytes: Bytes, sizeBytes: number): Bytes {
  const other = new Uint8Array(sizeBytes);
  other.set(bytes.subarray(0, sizeBytes));
  discard(bytes);
  return other;
}

function tooLarge(): AppError {
  return new AppError('TOO_LARGE', 'The relay’s answer is longer than it may be.');
}
