/** The key file of a private swarm. */
import { readFile } from 'node:fs/promises';
import { utf8 } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import { newSwarmKeyText, parseSwarmKey } from '../../shared/protocol/swarm-key.ts';
import type { SwarmKey } from '../../shared/protocol/swarm-key.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { withIoErrors } from './io-errors.ts';

/** Throws `BAD_INPUT` for a file that holds no swarm key, `IO`. */
export async function readSwarmKey(path: string): Promise<SwarmKey> {
  const text = await withIoErrors(`Reading ${path}`, readFile(path, 'utf8'));
  try {
    return parseSwarmKey(text);
  } catch (cause) {
    const error = AppError.from(cause);
    throw new AppError(error.code, `${path}: ${error.message}`, { cause });
  }
}

/** A new key, mode 0600. Throws `CONFLICT` for a file that is there: a key that is lost cannot be made again. */
export async function createSwarmKey(path: string): Promise<void> {
  await writeFileAtomic(path, utf8(newSwarmKeyText()), { replace: false });
}
