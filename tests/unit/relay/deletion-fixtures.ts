/** Chunks that can be deleted: made with node:crypto, not with the code under test. */
import { createHash, randomBytes } from 'node:crypto';
import type { Tombstone } from '../../../shared/protocol/tombstone.ts';
import { idOf } from './fixtures.ts';
import type { SampleChunk } from './fixtures.ts';

export interface OwnedChunk extends SampleChunk {
  readonly tombstone: Tombstone;
}

export function sha256Hex(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** A chunk with the token that deletes it. */
export function ownedChunk(sizeBytes = 400): OwnedChunk {
  const token = randomBytes(32);
  const body = randomBytes(sizeBytes - 32);
  const bytes = new Uint8Array([...createHash('sha256').update(token).digest(), ...body]);
  return {
    id: idOf(bytes),
    bytes,
    tombstone: { body_hash: sha256Hex(body), token: token.toString('hex') },
  };
}
