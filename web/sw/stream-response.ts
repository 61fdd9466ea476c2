/** Answers `GET` and `HEAD` of `/stream/…` from a verified, decrypted stream of a stored file (RFC 9110). */
import type { Bytes } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import type { ManifestId } from '../../shared/ids.ts';
import { STREAM_VERSION, parseStreamUrl } from '../engine/stream-url.ts';
import { decideRange } from './byte-range.ts';
import type { RangeDecision } from './byte-range.ts';
import { contentDisposition } from './content-disposition.ts';
import { isolationHeaders, safeContentType } from './safe-content-type.ts';

/** A file that can be read at any offset. */
export interface ReadableFile {
  readonly name: string;
  /** As the manifest claims it. */
  readonly type: string;
  readonly sizeBytes: number;
  /** Plaintext of [start, end), in order, with bounded read-ahead; ends when the signal fires. */
  read(range: { readonly start: number; readonly end: number }, signal: AbortSignal): AsyncIterable<Bytes>;
}

/** Throws `NOT_FOUND` for a file that this browser has no manifest of. */
export type OpenFile = (manifestId: ManifestId) => Promise<ReadableFile>;

/**
 * Never rejects: whatever fails before the first byte is an `ApiError` with its status; what fails later errors the
 * body, so that a truncated download is seen as such.
 */
export async function respondToStream(request: Request, open: OpenFile): Promise<Response> {
  try {
    return await respond(request, open);
  } catch (cause) {
    return errorResponse(AppError.from(cause));
  }
}

async function respond(request: Request, open: OpenFile): Promise<Response> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const refusal = new AppError('BAD_INPUT', 'A stored file can be read only: use GET or HEAD.');
    return errorResponse(refusal, { status: 405, headers: { allow: 'GET, HEAD' } });
  }
  const target = parseStreamUrl(new URL(request.url));
  if (target === null) throw new AppError('NOT_FOUND', 'There is no such file.');
  if (target.version !== STREAM_VERSION) {
    throw new AppError('UNSUPPORTED', 'This link belongs to another version of the app: reload the page.');
  }

  const file = await open(target.manifestId);
  const etag = `"${target.manifestId}"`;
  const contentType = safeContentType(file.type);
  const headers = new Headers({
    ...isolationHeaders(contentType),
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    'content-disposition': contentDisposition(
      target.download ? 'attachment' : 'inline',
      target.name === '' ? file.name : target.name,
    ),
    'content-type': contentType,
    etag,
  });

  const decision = decide(request, etag, file.sizeBytes);
  if (decision.kind === 'unsatisfiable') {
    const refusal = new AppError('BAD_INPUT', 'The range asked for lies outside the file.');
    const contentRange = `bytes */${String(file.sizeBytes)}`;
    return errorResponse(refusal, { status: 416, headers: { 'content-range': contentRange } });
  }
  const range = decision.kind === 'part' ? decision : { start: 0, end: file.sizeBytes };
  headers.set('content-length', String(range.end - range.start));
  if (decision.kind === 'part') {
    headers.set('content-range', `bytes ${range.start}-${range.end - 1}/${file.sizeBytes}`);
  }
  const status = decision.kind === 'part' ? 206 : 200;
  if (request.method === 'HEAD' || range.start === range.end) return new Response(null, { status, headers });
  return new Response(await openBody(file, range, request.signal), { status, headers });
}

function decide(request: Request, etag: string, sizeBytes: number): RangeDecision {
  // §14.2: Range means something with GET only. §13.1.5: If-Range compares strongly; dates never match, we send none.
  if (request.method !== 'GET') return { kind: 'full' };
  const ifRange = request.headers.get('if-range');
  if (ifRange !== null && ifRange.trim() !== etag) return { kind: 'full' };
  return decideRange(request.headers.get('range'), sizeBytes);
}

/**
 * A body that reads on only as its consumer does, and stops all work when the consumer goes (a seek, a closed tab).
 * Resolves once the first bytes are there; rejects with what kept them away.
 */
async function openBody(
  file: ReadableFile,
  range: { readonly start: number; readonly end: number },
  requestSignal: AbortSignal,
): Promise<ReadableStream<Bytes>> {
  const cancelled = new AbortController();
  const signal = AbortSignal.any([requestSignal, cancelled.signal]);
  const parts = file.read(range, signal)[Symbol.asyncIterator]();
  let next: IteratorResult<Bytes> | null = await parts.next();
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        const part = next ?? (await parts.next());
        next = null;
        if (part.done === true) controller.close();
        else controller.enqueue(part.value);
      },
      async cancel() {
        cancelled.abort();
        await parts.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

function errorResponse(
  error: AppError,
  { status = error.status, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Response {
  const contentType = 'application/json';
  return Response.json(
    { error: error.toObject() },
    {
      status,
      headers: {
        ...isolationHeaders(contentType),
        'cache-control': 'no-store',
        'content-type': contentType,
        ...headers,
      },
    },
  );
}
