import { abortError } from '../../../shared/errors.ts';

export type VisiblePage = Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;

/** Resolves when somebody can see the page. Throws `ABORTED`. */
export function whenVisible(page: VisiblePage, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = (): void => {
      if (!signal.aborted && page.visibilityState !== 'visible') return;
      page.removeEventListener('visibilitychange', check);
      signal.removeEventListener('abort', check);
      if (signal.aborted) reject(abortError(signal));
      else resolve();
    };
    page.addEventListener('visibilitychange', check);
    signal.addEventListener('abort', check);
    check();
  });
}
