/** The relay's Ed25519 seed on disk: 32 raw bytes, readable by its owner only, created once and atomically. */
import { randomBytes } from 'node:crypto';
import { AppError } from '../../shared/errors.ts';
import type { Bytes } from '../../shared/bytes.ts';
import { storageError } from './file-ops.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

export const SEED_BYTES = 32;

/** The stored seed, or a fresh one that is durable before it is returned. Throws `CORRUPT` for a damaged file, `IO`. */
export async function loadOrCreateSeed(file: string): Promise<Bytes> {
  try {
    return (await loadSeed(file)) ?? (await createSeed(file));
  } catch (cause) {
    throw storageError(cause);
  }
}

async function loadSeed(file: string): Promise<Bytes | null> {
  const kept = await readPrivateFile(file);
  if (kept === null) return null;
  if (kept.length !== SEED_BYTES) {
    throw new AppError(
      'CORRUPT',
      'identity.key is damaged. Restore it from a backup, or remove it to give this relay a new identity.',
    );
  }
  return new Uint8Array(kept);
}

async function createSeed(file: string): Promise<Bytes> {
  const seed = new Uint8Array(randomBytes(SEED_BYTES));
  await writePrivateFile(file, seed);
  return seed;
}
