/** The open folder in the address: `#/files/holiday/2026`, so that the back button leads out of it. */
import { viewHref } from './routes.svelte.ts';

/** `''` for the top. */
export function folderHref(folder: string): string {
  const names = folder === '' ? [] : folder.split('/').map(encodeURIComponent);
  return [viewHref('files'), ...names].join('/');
}

/** `detail`: what the address has after the view. The top for what is no path. */
export function folderFromAddress(detail: string): string {
  try {
    return detail.split('/').filter(Boolean).map(decodeURIComponent).join('/');
  } catch (cause) {
    if (cause instanceof URIError) return '';
    throw cause;
  }
}
