/** A chunk's id, computed while its bytes stream by: SHA-256(verifier ‖ SHA-256(body)), by node:crypto. */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { AppError } from '../../shared/errors.ts';
import type { ChunkId } from '../../shared/ids.ts';
import { MAX_CHUNK_BYTES, MIN_CHUNK_BYTES, VERIFIER_BYTES } from '../../shared/limits.ts';

export interface ChunkDigest {
  readonly id: ChunkId;
  /** Bytes, verifier included. */
  readonly sizeBytes: number;
  /** Lowercase hex, as the next. */
  readonly verifier: string;
  readonly bodyHash: string;
}

export class ChunkHasher {
  readonly #verifier = Buffer.alloc(VERIFIER_BYTES);
  readonly #body: Hash = createHash('sha256');
  #sizeBytes = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Throws `TOO_LARGE` as soon as the bytes are more than a chunk can be. */
  update(piece: Uint8Array): void {
    const missing = Math.max(0, VERIFIER_BYTES - this.#sizeBytes);
    if (missing > 0) this.#verifier.set(piece.subarray(0, missing), this.#sizeBytes);
    this.#sizeBytes += piece.length;
    if (this.#sizeBytes > MAX_CHUNK_BYTES) throw tooLarge();
    if (piece.length > missing) this.#body.update(missing > 0 ? piece.subarray(missing) : piece);
  }

  /** Throws `BAD_INPUT` when the bytes were fewer than a chunk can be. Nothing may follow. */
  digest(): ChunkDigest {
    if (this.#sizeBytes < MIN_CHUNK_BYTES) {
      throw new AppError('BAD_INPUT', `A chunk has at least ${MIN_CHUNK_BYTES} bytes.`);
    }
    const bodyHash = this.#body.digest();
    const id = createHash('sha256').update(this.#verifier).update(bodyHash).digest('hex') as ChunkId;
    return {
      id,
      sizeBytes: this.#sizeBytes,
      verifier: this.#verifier.toString('hex'),
      bodyHash: bodyHash.toString('hex'),
    };
  }

  /** `digest`, and throws `HASH_MISMATCH` unless the id is `expected`. */
  digestFor(expected: ChunkId): ChunkDigest {
    const digest = this.digest();
    if (digest.id === expected) return digest;
    throw new AppError('HASH_MISMATCH', 'The bytes do not hash to the chunk id they were sent under.');
  }
}

/** The size of what `source` gives to its end. Throws `HASH_MISMATCH`, `TOO_LARGE`, `BAD_INPUT`, and what `source` throws. */
export async function hashSource(
  id: ChunkId,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  const hasher = new ChunkHasher();
  for await (const piece of source) hasher.update(piece);
  return hasher.digestFor(id).sizeBytes;
}

export function tooLarge(): AppError {
  return new AppError('TOO_LARGE', `A chunk has at most ${MAX_CHUNK_BYTES} bytes.`);
}

/** Whether `chunk` is what `id` stands for. */
export function isChunk(id: ChunkId, chunk: Uint8Array): boolean {
  if (chunk.length < MIN_CHUNK_BYTES || chunk.length > MAX_CHUNK_BYTES) return false;
  const hasher = new ChunkHasher();
  hasher.update(chunk);
  return hasher.digest().id === id;
}
