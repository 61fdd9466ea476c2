/** The regular files below a folder. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { toFilename } from '../../shared/format/manifest.ts';
import { statOrNull } from './atomic-file.ts';
import { errnoOf } from './io-errors.ts';

export interface FoundFile {
  readonly path: string;
  /** Folder's name and the way down to the file, with `/`: `photos/2026/a.jpg`. */
  readonly name: string;
}

/**
 * In order of name. Links and special files are not followed, since they may lead anywhere; `skipped` hears of each.
 * A folder that cannot be listed is given like a file: reading it fails in its turn, and keeps nobody else from theirs.
 */
export async function* filesBelow(
  folder: string,
  skipped: (path: string) => void,
): AsyncGenerator<FoundFile> {
  yield* walk(folder, basename(resolve(folder)), skipped);
}

/** False for what does not exist or cannot be looked at, too. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await statOrNull(path))?.isDirectory() ?? false;
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    return false;
  }
}

async function* walk(
  folder: string,
  prefix: string,
  skipped: (path: string) => void,
): AsyncGenerator<FoundFile> {
  const entries = await entriesOf(folder);
  if (entries === null) {
    yield { path: folder, name: toFilename(prefix) };
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const name = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(path, name, skipped);
    else if (entry.isFile()) yield { path, name: toFilename(name) };
    else skipped(path);
  }
}

/** Null for a folder that cannot be listed. */
async function entriesOf(folder: string): Promise<Dirent[] | null> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    if (errnoOf(cause) === undefined) throw cause;
    return null;
  }
}
