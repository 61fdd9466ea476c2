/** Chunks and folders for the relay's unit tests. Ids come from node:crypto, not from the code under test. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseChunkId } from '../../../shared/ids.ts';
import type { ChunkId } from '../../../shared/ids.ts';

export interface SampleChunk {
  readonly id: ChunkId;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export function idOf(bytes: Uint8Array): ChunkId {
  const bodyHash = createHash('sha256').update(bytes.subarray(32)).digest();
  return parseChunkId(createHash('sha256').update(bytes.subarray(0, 32)).update(bodyHash).digest('hex'));
}

export function sampleChunk(sizeBytes = 4000): SampleChunk {
  const bytes = new Uint8Array(randomBytes(sizeBytes));
  return { id: idOf(bytes), bytes };
}

export interface TempFolder extends AsyncDisposable {
  readonly path: string;
}

export async function tempFolder(): Promise<TempFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lanvault-relay-'));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

export const silentLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export const NONCE = '000102030405060708090a0b0c0d0e0f';
