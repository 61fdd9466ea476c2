/** The relay's Ed25519 seed on disk: 32 raw bytes, readable by its owner only, created once and atomically. */
import { randomBytes } from 'node:crypto';
import { chmod, open, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../shared/errors.ts';
import type { Bytes } from '../../shared/bytes.ts';
import { errnoOf, nodeFileOps, storageError, syncFolder } from './file-ops.ts';

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
  let seed: Bytes;
  try {
    seed = new Uint8Array(await readFile(file));
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw cause;
  }
  if (seed.length !== SEED_BYTES) {
    throw new AppError(
      'CORRUPT',
      'identity.key is damaged. Restore it from a backup, or remove it to give this relay a new identity.',
    );
  }
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0) await chmod(file, 0o600);
  return seed;
}

async function createSeed(file: string): Promise<Bytes> {
  const seed = new Uint8Array(randomBytes(SEED_BYTES));
  const temp = `${file}.${randomBytes(8).toString('hex')}.tmp`;
  const handle = await open(temp, 'wx', 0o600);
  try {
    await handle.writeFile(seed);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temp, file);
  await syncFolder(nodeFileOps, path.dirname(file));
  return seed;
}
