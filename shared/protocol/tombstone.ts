/**
 * Tombstones: the proof that a chunk's owner deleted it. `verifier = SHA-256(token)` and
 * `id = SHA-256(verifier ‖ body hash)`, so anybody can check one against the id alone, and nobody can make one for a
 * chunk that is not theirs.
 */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { concatBytes, fromHex } from '../bytes.ts';
import { sha256Sync } from '../crypto/hash.ts';
import { AppError } from '../errors.ts';
import { chunkIdFromHash } from '../ids.ts';
import type { ChunkId } from '../ids.ts';
import { Hex } from './schemas.ts';

export const Tombstone = Type.Object({
  /** SHA-256 of the chunk's body, lowercase hex, as the next. */
  body_hash: Hex(32),
  /** HMAC-SHA256(delete key, body hash). */
  token: Hex(32),
});
export type Tombstone = Static<typeof Tombstone>;

/** The only chunk that this tombstone deletes. Throws `BAD_INPUT` for values that are not hex. */
export function tombstoneId({ body_hash, token }: Tombstone): ChunkId {
  const verifier = sha256Sync(fromHex(token));
  return chunkIdFromHash(sha256Sync(concatBytes(verifier, fromHex(body_hash))));
}

/** Throws `FORBIDDEN` unless the tombstone is `id`'s. */
export function assertTombstoneOf(id: ChunkId, tombstone: Tombstone): void {
  if (tombstoneId(tombstone) === id) return;
  throw new AppError('FORBIDDEN', 'The delete token is not that of this chunk.');
}
