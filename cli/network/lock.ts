/** One `network` command at a time works on a folder. */
import { join } from 'node:path';
import { lockFile } from '../adapters/file-lock.ts';
import { makeFolder } from '../adapters/folders.ts';

/** Runs `work` while no other command changes this network. Makes the folder when missing. Throws `CONFLICT`, `IO`. */
export async function withNetworkLock<T>(dataFolder: string, work: () => Promise<T>): Promise<T> {
  await makeFolder(dataFolder);
  const lock = await lockFile(
    join(dataFolder, 'network.lock'),
    'Another "lanvault network" command is at work on this folder.',
  );
  try {
    return await work();
  } finally {
    lock[Symbol.dispose]();
  }
}
