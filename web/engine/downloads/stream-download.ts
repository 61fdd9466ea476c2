import { AppError } from '../../../shared/errors.ts';

/**
 * Hands a stream URL to the browser's own downloads. The first byte is asked for beforehand, so that a file that is
 * lost or a swarm that is away is an error here and not a page of JSON in the user's download folder.
 */
export async function downloadThroughBrowser(
  url: string,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const probe: RequestInit = sizeBytes === 0 ? { method: 'HEAD' } : { headers: { range: 'bytes=0-0' } };
  const response = await fetch(url, { ...probe, signal });
  if (!response.ok) throw await errorFrom(response);
  await response.body?.cancel();
  saveFrom(url, '');
}

/** `name` is empty where the answer's `Content-Disposition` gives one. */
export function saveFrom(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}

async function errorFrom(response: Response): Promise<AppError> {
  if (!(response.headers.get('content-type') ?? '').startsWith('application/json')) {
    return new AppError('UNAVAILABLE', 'The file could not be read: reload the page and try again.');
  }
  const body: unknown = await response.json();
  return AppError.fromObject(
    typeof body === 'object' && body !== null && 'error' in body ? body.error : body,
  );
}
