import { createDownloader } from '../../../shared/engine/download.ts';
import type { Downloader, DownloaderOptions } from '../../../shared/engine/download.ts';
import type { SwarmGate } from '../swarm-gate.ts';
import { downloadInMemory, downloadToPicked, saveFilePicker } from './page-download.ts';
import { readThroughLocks } from './read-through-locks.ts';

export interface DirectDownloadOptions {
  /** Of the file to save. */
  readonly name: string;
  readonly open: () => Promise<DownloaderOptions>;
  readonly gate: Pick<SwarmGate, 'locks' | 'whenOpen'>;
}

/** Saves a file without a service worker: where the user picks, else collected in memory. Throws `TOO_LARGE`, `IO`, as reading does. */
export async function downloadDirectly(
  { name, open, gate }: DirectDownloadOptions,
  signal: AbortSignal,
  progress: (bytes: number) => void,
): Promise<void> {
  const openThroughLocks = async (): Promise<Downloader> => {
    const downloader = createDownloader(await open());
    const locks = { downloader, gate, fromTheStart: true };
    return { ...downloader, read: (range, abort) => readThroughLocks(locks, range, abort) };
  };
  const show = saveFilePicker();
  if (show !== null) return downloadToPicked(show, name, openThroughLocks, signal, progress);
  return downloadInMemory(await openThroughLocks(), name, signal, progress);
}
