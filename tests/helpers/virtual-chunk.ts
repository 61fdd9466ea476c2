/** Chunks as their owners make them, and what deletes them. */
import { createHash } from 'node:crypto';
import { parseChunkId } from '../../shared/ids.ts';
import type { ChunkId } from '../../shared/ids.ts';

export interface OwnedChunk {
  readonly id: ChunkId;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Lowercase hex, as the next: together the chunk's tombstone. */
  readonly bodyHash: string;
  readonly token: string;
}

/** A chunk of `sizeBytes`, verifier included, of bytes that look random. */
export function ownedChunk(random: () => number, sizeBytes = 4000): OwnedChunk {
  const token = randomBytes(random, 32);
  const body = randomBytes(random, sizeBytes - 32);
  const verifier = sha256(token);
  const bodyHash = sha256(body);
  return {
    id: parseChunkId(sha256(verifier, bodyHash).toString('hex')),
    bytes: new Uint8Array([...verifier, ...body]),
    bodyHash: bodyHash.toString('hex'),
    token: Buffer.from(token).toString('hex'),
  };
}

/** The id of a chunk's bytes, by node:crypto. */
export function idOfChunk(bytes: Uint8Array): string {
  return sha256(bytes.subarray(0, 32), sha256(bytes.subarray(32))).toString('hex');
}

function randomBytes(random: () => number, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => Math.floor(random() * 256));
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
