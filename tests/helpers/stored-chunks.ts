/** What relays really hold: the chunk files in their storage folders. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';

const ID = /^[0-9a-f]{64}$/;

export function chunkPath(storageDir: string, id: string): string {
  return path.join(storageDir, 'chunks', id.slice(0, 2), id.slice(2, 4), id);
}

/** The ids of all chunk files below a storage folder. */
export async function storedChunks(storageDir: string): Promise<string[]> {
  const names = await readdir(path.join(storageDir, 'chunks'), { recursive: true }).catch(() => []);
  return names.map((name) => path.basename(name)).filter((name) => ID.test(name));
}

/** For each chunk id, the storage folders that hold it. */
export async function holdersOfAll(storageDirs: readonly string[]): Promise<Map<string, string[]>> {
  const holders = new Map<string, string[]>();
  for (const dir of storageDirs) {
    for (const id of await storedChunks(dir)) holders.set(id, [...(holders.get(id) ?? []), dir]);
  }
  return holders;
}
