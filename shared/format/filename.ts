/**
 * File names in manifests: a base name, or a relative path with `/`. Whatever a manifest's author writes, joining such
 * a name to a folder stays inside it, on every platform.
 */
import { utf8 } from '../bytes.ts';
import { AppError } from '../errors.ts';
import { MAX_FILENAME_BYTES, MAX_PATH_BYTES } from '../limits.ts';

/** Control characters, backslash (a separator on Windows), and halves of UTF-16 pairs, which have no UTF-8. */
const FORBIDDEN = /[\p{Cc}\p{Surrogate}\\]/u;
const ALL_FORBIDDEN = new RegExp(FORBIDDEN, 'gu');
const DRIVE = /^([A-Za-z]):/;
/** What follows the last dot counts as an extension up to this length, and outlives shortening. */
const EXTENSION = /\.[^.]{1,16}$/u;

/** Why the name may not stand in a manifest, or null if it may. */
function fault(name: string): string | null {
  if (name === '') return 'is empty';
  if (FORBIDDEN.test(name)) return 'holds a control character or a backslash';
  if (name.startsWith('/') || DRIVE.test(name)) return 'is an absolute path';
  if (utf8(name).length > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`;
  for (const part of name.split('/')) {
    if (part === '' || part === '.' || part === '..') return 'is not a plain relative path';
    if (utf8(part).length > MAX_FILENAME_BYTES) return `has a part longer than ${MAX_FILENAME_BYTES} bytes`;
  }
  return null;
}

/** Throws `CORRUPT` unless `name` is a name or relative path as manifests may have it. */
export function assertFilename(name: string): void {
  const reason = fault(name);
  if (reason !== null) throw new AppError('CORRUPT', `The manifest’s file name ${reason}.`);
}

/**
 * The name under which a local file goes into a manifest: the name itself where it may, else the nearest one that may
 * (a file on Linux may be called `a\b`). `path` is a name, or a relative path with `/`.
 */
export function toFilename(path: string): string {
  if (fault(path) === null) return path;
  const parts = path
    .replace(DRIVE, '$1_')
    .replace(ALL_FORBIDDEN, '_')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .map((part) => (part === '..' ? '__' : shorten(part)));
  return parts.length === 0 ? 'unnamed' : parts.slice(firstThatFits(parts)).join('/');
}

/** The end of a path that is too long says most of it. */
function firstThatFits(parts: readonly string[]): number {
  let first = parts.length;
  for (let bytes = -1; first > 0; first--) {
    bytes += 1 + utf8(parts[first - 1] ?? '').length;
    if (bytes > MAX_PATH_BYTES) break;
  }
  return first;
}

/** At most `MAX_FILENAME_BYTES` of UTF-8, cut between characters and before the extension. */
function shorten(part: string): string {
  if (utf8(part).length <= MAX_FILENAME_BYTES) return part;
  const extension = EXTENSION.exec(part)?.[0] ?? '';
  const room = MAX_FILENAME_BYTES - utf8(extension).length;
  let stem = '';
  let bytes = 0;
  for (const character of part.slice(0, part.length - extension.length)) {
    bytes += utf8(character).length;
    if (bytes > room) break;
    stem += character;
  }
  return stem + extension;
}
