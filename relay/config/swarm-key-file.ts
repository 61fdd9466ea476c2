import { readFile } from 'node:fs/promises';
import { AppError } from '../../shared/errors.ts';
import { parseSwarmKey } from '../../shared/protocol/swarm-key.ts';
import type { SwarmKey } from '../../shared/protocol/swarm-key.ts';

/** The key of a private swarm, or null for no file. Throws `IO`, and `BAD_INPUT` for a file that holds none. */
export async function loadSwarmKey(file: string | null): Promise<SwarmKey | null> {
  if (file === null) return null;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new AppError('IO', `The swarm key ${file} cannot be read.`, { cause });
  }
  return parseSwarmKey(text);
}
