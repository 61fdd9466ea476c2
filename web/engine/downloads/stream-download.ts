import type { SwarmPort } from '../../../shared/engine/ports.ts';
import { AppError } from '../../../shared/errors.ts';
import type { SwarmGate } from '../swarm-gate.ts';

/** Frames that may still be on their way to becoming a download; the oldest gives way. */
const MAX_FRAMES = 8;
const FRAME_CLASS = 'lanvault-download';

/** As `downloadThroughBrowser`; waits while a private swarm is locked, as the page's own downloads do. */
export async function downloadThroughLocks(
  url: string,
  sizeBytes: number,
  { gate, swarm }: { readonly gate: Pick<SwarmGate, 'lock' | 'whenOpen'>; readonly swarm: SwarmPort },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await downloadThroughBrowser(url, sizeBytes, signal);
      return;
    } catch (cause) {
      if (!(cause instanceof AppError) || cause.code !== 'NO_SESSION') throw cause;
      // The service worker was refused; the page has to find that out by itself.
      await swarm.members(signal).catch(() => undefined);
      if (gate.lock === null) throw cause;
      await gate.whenOpen(signal);
    }
  }
}

/**
 * Hands a stream URL to the browser's own downloads. The first byte is asked for beforehand, so that a file that is
 * lost or a swarm that is away is an error here and not a failed entry in the user's download list.
 */
async function downloadThroughBrowser(url: string, sizeBytes: number, signal: AbortSignal): Promise<void> {
  const probe: RequestInit = sizeBytes === 0 ? { method: 'HEAD' } : { headers: { range: 'bytes=0-0' } };
  const response = await fetch(url, { ...probe, signal });
  if (!response.ok) throw await errorFrom(response);
  await response.arrayBuffer();
  navigateFrame(url);
}

/**
 * A frame's navigation that is answered with an attachment becomes a download. Not a link: with a `download` attribute
 * Chromium goes past the service worker, and without one a late error would take the page away.
 */
function navigateFrame(url: string): void {
  const frames = document.querySelectorAll(`iframe.${FRAME_CLASS}`);
  for (const old of [...frames].slice(0, Math.max(0, frames.length - MAX_FRAMES + 1))) old.remove();
  const frame = document.createElement('iframe');
  frame.className = FRAME_CLASS;
  frame.hidden = true;
  frame.src = url;
  // A document came, so it was no download.
  frame.addEventListener('load', () => frame.remove());
  document.body.append(frame);
}

/** Saves an object URL under a name. */
export function saveObjectUrl(url: string, name: string): void {
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
