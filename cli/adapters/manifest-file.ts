/** Manifests on disk. A manifest holds the key of its file: mode 0600, and none is ever overwritten. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifest } from '../../shared/format/manifest-types.ts';
import type { DeletionRights } from '../../shared/format/deletion-rights.ts';
import { parseManifest, serializeManifest } from '../../shared/format/manifest.ts';
import type { ParsedManifest } from '../../shared/format/manifest.ts';
import { AppError } from '../../shared/errors.ts';
import { AtomicFile, isWithoutLinks, statOrNull } from './atomic-file.ts';
import { isFolder } from './folder-walk.ts';
import { makeFolder } from './folders.ts';
import { errnoOf, ioError } from './io-errors.ts';

/** Earlier manifests that are kept under one name before we ask for some order. */
const MAX_KEPT = 10_000;

/** `-` reads from stdin. Throws `BAD_INPUT` for a folder, `IO`, and what `parseManifest` throws. */
export async function readManifestFile(path: string): Promise<ParsedManifest> {
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
 * Writes the manifest, with `rights` an owner's, whole or not at all. A file that was there is kept beside it as `NAME.1`, `NAME.2`…, since it may
 * be the only key to another upload; its new path is returned, or null. Throws `IO`, `NO_SPACE`.
 */
export async function writeManifestFile(
  path: string,
  manifest: Manifest,
  rights: DeletionRights | null = null,
): Promise<string | null> {
  await prepareManifestPath(path);
  let kept: string | null = null;
  const makeRoom = async (): Promise<void> => {
    kept = (await setAside(path)) ?? kept;
  };
  await using file = await AtomicFile.create(path, { replace: false, makeRoom });
  for await (const piece of serializeManifest(manifest, rights)) await file.write(piece);
  await file.commit();
  return kept;
}

/** Finds out before an upload whether its manifest can be written. Throws `BAD_INPUT`, `IO`. */
export async function prepareManifestPath(path: string): Promise<void> {
  await makeFolder(dirname(path));
  await using probe = await AtomicFile.create(path, { replace: true });
  await probe[Symbol.asyncDispose]();
}

/**
 * Frees the name. Other uploads may be doing the same: what is moved away in the end need not be what was there at first,
 * so both are kept. The new name of the last one, or null when somebody else has freed the name.
 */
async function setAside(path: string): Promise<string | null> {
  const claimed = join(dirname(path), `.lanvault-${randomUUID()}.tmp`);
  try {
    let kept = await unlessGone(keep(path, path));
    if ((await unlessGone(rename(path, claimed).then(() => claimed))) === null) return kept;
    const [before, now] = await Promise.all([kept === null ? null : stat(kept), statOrNull(claimed)]);
    // Null for a link that leads nowhere: there is nothing to keep.
    if (now !== null && now.ino !== before?.ino) kept = await keep(claimed, path);
    await rm(claimed, { force: true });
    return kept;
  } catch (cause) {
    throw ioError(cause, `Keeping the earlier ${path}`);
  }
}

/** Null where the file is gone. */
async function unlessGone<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw cause;
  }
}

/** Gives a file the next free name of `NAME.1`, `NAME.2`…, beside its own: at no moment is it gone. */
async function keep(existing: string, name: string): Promise<string> {
  const source = await realpath(existing);
  for (let number = 1; number < MAX_KEPT; number++) {
    const kept = `${name}.${number}`;
    try {
      await link(source, kept);
      return kept;
    } catch (cause) {
      if (errnoOf(cause) === 'EEXIST') continue;
      if (!isWithoutLinks(cause)) throw cause;
      if ((await statOrNull(kept)) !== null) continue;
      await rename(source, kept);
      return kept;
    }
  }
  throw new AppError('IO', `Keeping the earlier ${name} failed: there are ${MAX_KEPT} already.`);
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
