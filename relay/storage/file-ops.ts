/** The file operations that storage is built on, so that tests can stop or fail any one of them. */
import { access, constants, mkdir, open, readdir, rename, stat, statfs, unlink } from 'node:fs/promises';
import { AppError } from '../../shared/errors.ts';

export interface FileOps {
  readonly open: typeof open;
  readonly mkdir: typeof mkdir;
  readonly rename: typeof rename;
  readonly unlink: typeof unlink;
  readonly stat: typeof stat;
  readonly readdir: (folder: string) => Promise<string[]>;
  /** Rejects unless this user may write in the folder, which is on a file system that takes writes. */
  readonly assertWritable: (folder: string) => Promise<void>;
  /** Free bytes for this user on the file system of `folder`. */
  readonly freeBytes: (folder: string) => Promise<number>;
}

export const nodeFileOps: FileOps = {
  open,
  mkdir,
  rename,
  unlink,
  stat,
  readdir: (folder) => readdir(folder),
  assertWritable: (folder) => access(folder, constants.W_OK),
  freeBytes: async (folder) => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
};

export function errnoOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || !('code' in cause)) return undefined;
  return typeof cause.code === 'string' ? cause.code : undefined;
}

/** A file system's error as an `AppError`: a full disk or quota is `NO_SPACE`, the rest `IO`. Paths stay out of the message. */
export function storageError(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const errno = errnoOf(cause);
  if (errno === 'ENOSPC' || errno === 'EDQUOT' || errno === 'EFBIG') {
    return new AppError('NO_SPACE', 'The disk of this relay is full.', { cause });
  }
  if (cause instanceof Error && cause.name === 'AbortError') return AppError.from(cause);
  return new AppError('IO', `The relay's storage failed (${errno ?? 'unknown error'}).`, { cause });
}

/** Makes a folder's entries durable. Windows has no such call and needs none. */
export async function syncFolder(ops: FileOps, folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await ops.open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
