/** Counts of files and folders in words. */
import type { Compression } from '../../../shared/codec/compression.ts';

/** "1 file", "1,200 files". */
export function filesWord(count: number): string {
  return `${count.toLocaleString()} ${count === 1 ? 'file' : 'files'}`;
}

export function foldersWord(count: number): string {
  return `${count.toLocaleString()} ${count === 1 ? 'folder' : 'folders'}`;
}

/** How a chunk was packed. */
export const STORED_AS: Readonly<Record<Compression, string>> = {
  xz: 'small (xz)',
  zlib: 'fast (zlib)',
  none: 'as it is',
};
