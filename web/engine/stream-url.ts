/** URLs under which the service worker streams a stored file. The page makes them, the service worker reads them. */
import { isId } from '../../shared/ids.ts';
import type { ManifestId } from '../../shared/ids.ts';

export const STREAM_PREFIX = '/stream/';
/**
 * Raised when the meaning of these URLs changes: a page and a service worker of different builds can meet, and must
 * notice rather than misunderstand each other.
 */
export const STREAM_VERSION = 1;

export interface StreamTarget {
  readonly manifestId: ManifestId;
  readonly download: boolean;
  /** Differs from `STREAM_VERSION` when another build made the URL; null when there is none. */
  readonly version: number | null;
}

/** `name` is for people and players only; nothing reads it back. */
export function formatStreamUrl(manifestId: ManifestId, name: string, download: boolean): string {
  const base = name.split('/').pop() ?? '';
  // A lone surrogate has no percent-encoding.
  const segment = encodeURIComponent(base.replace(/\p{Cs}/gu, '\ufffd'));
  return `${STREAM_PREFIX}${manifestId}/${segment}?v=${STREAM_VERSION}${download ? '&download=1' : ''}`;
}

/** Null for anything that is not a stream URL of any version. */
export function parseStreamUrl(url: URL): StreamTarget | null {
  if (!url.pathname.startsWith(STREAM_PREFIX)) return null;
  const [id] = url.pathname.slice(STREAM_PREFIX.length).split('/');
  if (!isId(id)) return null;
  const version = url.searchParams.get('v');
  return {
    manifestId: id as ManifestId,
    download: url.searchParams.get('download') === '1',
    version: version !== null && /^\d{1,6}$/.test(version) ? Number(version) : null,
  };
}
