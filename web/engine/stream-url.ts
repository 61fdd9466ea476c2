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
  /** As its owner calls the file now; empty where the URL has none. Whoever made the URL chose it. */
  readonly name: string;
  readonly download: boolean;
  /** Differs from `STREAM_VERSION` when another build made the URL; null when there is none. */
  readonly version: number | null;
}

/** `name` is for people and players, and what a download is called: the manifest keeps the name of the upload. */
export function formatStreamUrl(manifestId: ManifestId, name: string, download: boolean): string {
  const base = name.split('/').pop() ?? '';
  // A lone surrogate has no percent-encoding.
  const segment = encodeURIComponent(base.replace(/\p{Cs}/gu, '\ufffd'));
  return `${STREAM_PREFIX}${manifestId}/${segment}?v=${STREAM_VERSION}${download ? '&download=1' : ''}`;
}

/** Null for anything that is not a stream URL of any version. */
export function parseStreamUrl(url: URL): StreamTarget | null {
  if (!url.pathname.startsWith(STREAM_PREFIX)) return null;
  const [id, segment = ''] = url.pathname.slice(STREAM_PREFIX.length).split('/');
  if (!isId(id)) return null;
  const version = url.searchParams.get('v');
  return {
    manifestId: id as ManifestId,
    name: decoded(segment),
    download: url.searchParams.get('download') === '1',
    version: version !== null && /^\d{1,6}$/.test(version) ? Number(version) : null,
  };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    if (cause instanceof URIError) return '';
    throw cause;
  }
}
