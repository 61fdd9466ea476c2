/** What the relay's operator needs to give it orders, readable by the relay's own user only: a token, and where to send it. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { storageError } from './file-ops.ts';
import type { StorageLayout } from './layout.ts';

const TOKEN_BYTES = 32;

/** A fresh token for this run of the relay, lowercase hex, which is in its file when this resolves. Throws `IO`. */
export async function createOperatorToken(layout: StorageLayout): Promise<string> {
  const token = randomBytes(TOKEN_BYTES).toString('hex');
  await writePrivately(layout.operatorToken, token);
  return token;
}

/** Notes the URL under which this machine reaches the relay. Throws `IO`. */
export async function noteOperatorUrl(layout: StorageLayout, url: string): Promise<void> {
  await writePrivately(layout.operatorUrl, url);
}

/** Whole or not at all, and never readable by others, not even for a moment. It need not outlive a crash. */
async function writePrivately(file: string, text: string): Promise<void> {
  const temp = `${file}.${randomBytes(8).toString('hex')}.tmp`;
  try {
    const handle = await open(temp, 'wx', 0o600);
    try {
      await handle.writeFile(`${text}\n`);
    } finally {
      await handle.close();
    }
    await rename(temp, file);
  } catch (cause) {
    // On a full disk each start would leave one. That nothing can be removed is what `cause` says too.
    await rm(temp, { force: true }).catch(() => undefined);
    throw storageError(cause);
  }
}
