/** `authority.pem`: the key and certificate of the relay's own certificate authority, in a folder that relays may share. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { storageError } from './file-ops.ts';
import { createPrivateFile, readPrivateFile } from './private-file.ts';

/** What is kept there, or what `make` gives, durable before it is returned. Throws `IO`, `NO_SPACE`. */
export async function loadOrCreateAuthority(folder: string, make: () => string): Promise<string> {
  const file = path.join(folder, 'authority.pem');
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const kept = await readPrivateFile(file);
    if (kept !== null) return kept.toString();
    await createPrivateFile(file, make());
    const made = await readPrivateFile(file);
    if (made !== null) return made.toString();
  } catch (cause) {
    throw storageError(cause);
  }
  throw new AppError('IO', `${file} was removed while it was made.`);
}
