/** Downloads without a service worker: into a file that the user picks, or collected in memory. */
import type { Downloader } from '../../../shared/engine/download.ts';
import { AppError } from '../../../shared/errors.ts';
import { MAX_MEMORY_DOWNLOAD_BYTES } from '../../../shared/limits.ts';
import { saveObjectUrl } from './stream-download.ts';

/** The object URL of a saved file is given up after this; browsers have begun to read it long before. */
const OBJECT_URL_MS = 60_000;

type Progress = (bytes: number) => void;

/** https://wicg.github.io/file-system-access/#api-showsavefilepicker; TypeScript's DOM library lacks it. */
type ShowSaveFilePicker = (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;

/** Null where there is no picker. */
export function saveFilePicker(): ShowSaveFilePicker | null {
  const { showSaveFilePicker } = globalThis as { showSaveFilePicker?: ShowSaveFilePicker };
  return showSaveFilePicker?.bind(globalThis) ?? null;
}

/** Asks where to, then writes block by block; a failed or cancelled download leaves no file. Throws `ABORTED`, `IO`. */
export async function downloadToPicked(
  show: ShowSaveFilePicker,
  name: string,
  open: () => Promise<Downloader>,
  signal: AbortSignal,
  progress: Progress,
): Promise<void> {
  // First of all, while the user's click still counts.
  const handle = await pick(show, name);
  const downloader = await open();
  const file = await handle.createWritable();
  try {
    let written = 0;
    for await (const part of downloader.read({ start: 0, end: downloader.sizeBytes }, signal)) {
      await file.write(part);
      written += part.length;
      progress(written);
    }
    await file.close();
  } catch (cause) {
    await file.abort(cause);
    if (cause instanceof AppError) throw cause;
    throw new AppError('IO', 'The file could not be written: is the disk full?', { cause });
  }
}

async function pick(show: ShowSaveFilePicker, name: string): Promise<FileSystemFileHandle> {
  try {
    return await show({ suggestedName: name });
  } catch (cause) {
    throw AppError.from(cause, 'IO');
  }
}

/** Throws `TOO_LARGE` above `MAX_MEMORY_DOWNLOAD_BYTES`. */
export async function downloadInMemory(
  downloader: Downloader,
  name: string,
  signal: AbortSignal,
  progress: Progress,
): Promise<void> {
  const { sizeBytes } = downloader;
  if (sizeBytes > MAX_MEMORY_DOWNLOAD_BYTES) {
    throw new AppError(
      'TOO_LARGE',
      'This file is too large to be collected in memory. Open the app at http://localhost:8888 or over HTTPS, or use "lanvault reconstruct".',
    );
  }
  const parts: Blob[] = [];
  let received = 0;
  for await (const part of downloader.read({ start: 0, end: sizeBytes }, signal)) {
    // Blobs live with the browser, which may move them to disk.
    parts.push(new Blob([part]));
    received += part.length;
    progress(received);
  }
  // Never the file's own type: an object URL has the page's origin.
  const url = URL.createObjectURL(new Blob(parts, { type: 'application/octet-stream' }));
  saveObjectUrl(url, name);
  setTimeout(() => URL.revokeObjectURL(url), OBJECT_URL_MS);
}
