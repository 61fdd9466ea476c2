/** Making folders along a path that a user gave. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, ioError } from './io-errors.ts';

/**
 * Makes the folder and those above it, as far as they are missing. Throws `IO`. Node's own `recursive` never ends where
 * a folder cannot hold others (`/proc/x/y`).
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await makeOne(path, mode);
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT' || dirname(path) === path) throw ioError(cause, `Creating ${path}`);
    await makeFolder(dirname(path), mode);
    try {
      await makeOne(path, mode);
    } catch (again) {
      throw ioError(again, `Creating ${path}`);
    }
  }
}

async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (cause) {
    // A file under that name shows when something is put into it.
    if (errnoOf(cause) !== 'EEXIST') throw cause;
  }
}
