/** The beginning of a text file, fetched through its stream URL. */
import { AppError } from '../../shared/errors.ts';
import { MAX_TEXT_PREVIEW_BYTES } from '../../shared/limits.ts';

export interface TextPreview {
  readonly text: string;
  /** Whether the file goes on after it. */
  readonly cut: boolean;
}

/** Reads at most `MAX_TEXT_PREVIEW_BYTES`, whatever the answer holds. Throws `AppError`. */
export async function loadTextPreview(
  url: string,
  file: { readonly sizeBytes: number },
  signal: AbortSignal,
  fetchImpl: typeof fetch = fetch,
): Promise<TextPreview> {
  if (file.sizeBytes === 0) return { text: '', cut: false };
  try {
    const headers = { range: `bytes=0-${MAX_TEXT_PREVIEW_BYTES - 1}` };
    const response = await fetchImpl(url, { headers, signal });
    if (!response.ok) throw await answerError(response);
    const text = await readText(response, MAX_TEXT_PREVIEW_BYTES);
    return { text, cut: file.sizeBytes > MAX_TEXT_PREVIEW_BYTES };
  } catch (cause) {
    throw AppError.from(cause, 'UNAVAILABLE');
  }
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  let text = '';
  let left = maxBytes;
  try {
    while (left > 0) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      const part = value.subarray(0, left);
      left -= part.length;
      text += decoder.decode(part, { stream: true });
    }
    return text;
  } finally {
    await reader.cancel();
  }
}

async function answerError(response: Response): Promise<AppError> {
  const type = response.headers.get('content-type') ?? '';
  if (type.includes('application/json')) {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null && 'error' in body) return AppError.fromObject(body.error);
  }
  const code = response.status === 404 ? 'CHUNK_LOST' : 'UNAVAILABLE';
  return new AppError(code, `The file could not be read (${response.status}).`);
}
