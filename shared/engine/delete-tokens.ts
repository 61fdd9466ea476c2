/** Tokens go out here, and nowhere else: only for chunks whose id they make. */
import type { Bytes } from '../bytes.ts';
import { sha256Sync } from '../crypto/hash.ts';
import { AppError } from '../errors.ts';
import { chunkIdFrom, deleteToken } from '../format/chunk.ts';
import type { ChunkId, RelayId } from '../ids.ts';
import { DELETE_BATCH_TIMEOUT_MS, DELETE_TRIES, RATE_LIMIT_TRIES } from '../limits.ts';
import type { EngineClock } from './clock.ts';
import { withDeadline } from './concurrency.ts';
import type { Deletion, DeletionOutcome, DeletionPort } from './deletion-ports.ts';
import type { OwnedChunk } from './owned-chunks.ts';
import { withRetry } from './retry.ts';

/** Null for a chunk that was not made with `deleteKey`: then there is no token for it. */
export async function deletionOf(
  deleteKey: Bytes,
  chunk: { readonly id: ChunkId; readonly bodyHash: Bytes },
): Promise<Deletion | null> {
  const { id, bodyHash } = chunk;
  const token = await deleteToken(deleteKey, bodyHash);
  return chunkIdFrom(sha256Sync(token), bodyHash) === id ? { id, token, bodyHash } : null;
}

/** As `deletionOf` with the key of several that fits; of a granted chunk by the token that came with it, if that is the chunk's. */
export async function rightOver(
  deleteKeys: readonly Bytes[],
  chunk: Pick<OwnedChunk, 'id' | 'bodyHash' | 'token'>,
): Promise<Deletion | null> {
  const { id, bodyHash, token } = chunk;
  if (token !== null) return chunkIdFrom(sha256Sync(token), bodyHash) === id ? { id, token, bodyHash } : null;
  for (const deleteKey of deleteKeys) {
    const deletion = await deletionOf(deleteKey, chunk);
    if (deletion !== null) return deletion;
  }
  return null;
}

/** One batch, tried again where that may help. `CORRUPT` when the answer is about other chunks. */
export async function sendDeletions(
  swarm: DeletionPort,
  deletions: readonly Deletion[],
  clock: EngineClock,
  signal: AbortSignal,
): Promise<readonly DeletionOutcome[]> {
  const bounded = { clock, timeoutMs: DELETE_BATCH_TIMEOUT_MS, what: 'Deleting chunks', signal };
  const send = () => withDeadline(bounded, (inner) => swarm.deleteChunks(deletions, inner));
  const outcomes = await withRetry(
    { clock, tries: DELETE_TRIES, codes: ['UNAVAILABLE', 'TIMEOUT'], signal },
    () => withRetry({ clock, tries: RATE_LIMIT_TRIES, codes: ['RATE_LIMITED'], signal }, send),
  );
  const fits = outcomes.length === deletions.length && outcomes.every(({ id }, i) => id === deletions[i]?.id);
  if (!fits) throw new AppError('CORRUPT', 'The relay’s answer is about other chunks than those asked for.');
  return outcomes;
}

/** Relays by how many chunks they have confirmed, or may still hold. */
export class RelayCounts {
  readonly #counts = new Map<RelayId, number>();

  add(relays: Iterable<RelayId>): void {
    for (const relay of relays) this.#counts.set(relay, (this.#counts.get(relay) ?? 0) + 1);
  }

  get all(): ReadonlyMap<RelayId, number> {
    return this.#counts;
  }
}
