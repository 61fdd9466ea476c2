/** Manifests on disk. A manifest holds the key of its file: mode 0600, and none is ever overwritten. */
import { createReadStream } from 'node:fs';
import { link, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest } from '../../shared/format/manifest-types.ts';
import type { ChunkTable } from '../../shared/format/chunk-table.ts';
import { parseManifest, serializeManifest } from '../../shared/format/manifest.ts';
import { AppError } from '../../shared/errors.ts';
import { AtomicFile } from './atomic-file.ts';
import { isFolder } from './folder-walk.ts';
import { makeFolder } from './folders.ts';
import { errnoOf, ioError } from './io-errors.ts';

/** Earlier manifests that are kept under one name before we ask for some order. */
const MAX_KEPT = 10_000;

/** `-` reads from stdin. Throws `BAD_INPUT` for a folder, `IO`, and what `parseManifest` throws. */
export async function readManifestFile(path: string): Promise<Manifest & { readonly rows: ChunkTable }> {
  const stream = path === '-' ? process.stdin : createReadStream(path);
  try {
    return await parseManifest(stream as AsyncIterable<Uint8Array>);
  } catch (cause) {
    if (errnoOf(cause) === 'EISDIR') throw new AppError('BAD_INPUT', `${path} is a folder, not a manifest.`);
    throw ioError(cause, `Reading ${path}`);
  } finally {
    stream.destroy();
  }
}

/**
 * Writes the manifest whole or not at all. A file that was there is kept beside it as `NAME.1`, `NAME.2`…, since it may
 * be the only key to another upload; its new path is returned, or null. Throws `IO`, `NO_SPACE`.
 */
export async function writeManifestFile(path: string, manifest: Manifest): Promise<string | null> {
  await prepareManifestPath(path);
  await using file = await AtomicFile.create(path, { replace: true });
  for await (const piece of serializeManifest(manifest)) await file.write(piece);
  const kept = await keepExisting(path);
  await file.commit();
  return kept;
}

/** Finds out before an upload whether its manifest can be written. Throws `BAD_INPUT`, `IO`. */
export async function prepareManifestPath(path: string): Promise<void> {
  await makeFolder(dirname(path));
  await using probe = await AtomicFile.create(path, { replace: true });
  await probe[Symbol.asyncDispose]();
}

async function keepExisting(path: string): Promise<string | null> {
  const doing = `Keeping the earlier ${path}`;
  for (let number = 1; number < MAX_KEPT; number++) {
    const kept = `${path}.${number}`;
    try {
      // A second name for the same file: at no moment is it gone.
      await link(await realpath(path), kept);
      return kept;
    } catch (cause) {
      if (errnoOf(cause) === 'ENOENT') return null;
      if (errnoOf(cause) !== 'EEXIST') throw ioError(cause, doing);
    }
  }
  throw new AppError('IO', `${doing} failed: there are ${MAX_KEPT} already.`);
}

/** Where an upload's manifest goes: `given` itself, or below it when it is a folder, or the default folder. */
export async function manifestPathFor(
  name: string,
  options: { readonly given: string | undefined; readonly defaultFolder: string; readonly asFolder: boolean },
): Promise<string> {
  const { given, defaultFolder, asFolder } = options;
  if (given === undefined) return join(defaultFolder, `${name}.manifest`);
  return asFolder || /[/\\]$/.test(given) || (await isFolder(given))
    ? join(given, `${name}.manifest`)
    : given;
}
