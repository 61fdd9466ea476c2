/** Files that only the relay's own user may read. */
import { randomBytes } from 'node:crypto';
import { chmod, link, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf, nodeFileOps, syncFolder } from './file-ops.ts';

/** Whole or not at all, never readable by others, not even for a moment, and durable when it resolves. Throws what the disk says. */
export async function writePrivateFile(file: string, content: string | Uint8Array): Promise<void> {
  await rename(await writeTemp(file, content), file);
  await syncFolder(nodeFileOps, path.dirname(file));
}

/** The same, unless there is one already, which stays: of several that make it at a time one does. */
export async function createPrivateFile(file: string, content: string | Uint8Array): Promise<void> {
  const temp = await writeTemp(file, content);
  try {
    await link(temp, file);
  } catch (cause) {
    if (errnoOf(cause) !== 'EEXIST') throw cause;
  } finally {
    await unlink(temp);
  }
  await syncFolder(nodeFileOps, path.dirname(file));
}

/** Null for none. One that others could read is closed to them. Throws what the disk says. */
export async function readPrivateFile(file: string): Promise<Buffer | null> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw cause;
  }
  const { mode } = await stat(file);
  if ((mode & 0o077) !== 0) await chmod(file, 0o600);
  return content;
}

async function writeTemp(file: string, content: string | Uint8Array): Promise<string> {
  const temp = `${file}.${randomBytes(8).toString('hex')}.tmp`;
  const handle = await open(temp, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return temp;
}
