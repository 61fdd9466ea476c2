/** The public part of a stored chunk: `verifier (32 bytes) ‖ body`. Nothing here needs or knows a key. */
import { AppError } from '../errors.ts';
import { MAX_CHUNK_BYTES, MIN_CHUNK_BYTES, VERIFIER_BYTES } from '../limits.ts';

/** Splits a stored chunk without copying. Throws `CORRUPT` when its size cannot be that of a chunk. */
export function splitChunk<T extends ArrayBufferLike>(
  chunk: Uint8Array<T>,
): { verifier: Uint8Array<T>; body: Uint8Array<T> } {
  if (chunk.length < MIN_CHUNK_BYTES || chunk.length > MAX_CHUNK_BYTES) {
    throw new AppError('CORRUPT', 'A chunk of an impossible size.');
  }
  return { verifier: chunk.subarray(0, VERIFIER_BYTES), body: chunk.subarray(VERIFIER_BYTES) };
}
