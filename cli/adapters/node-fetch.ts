/** `fetch` for Node that sends a chunk without a copy of it. */
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { readBody } from '../../shared/engine/http-answer.ts';
import { MAX_JSON_ANSWER_BYTES } from '../../shared/limits.ts';

// Idle connections do not keep the process alive.
const AGENTS = { 'http:': new HttpAgent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };

/**
 * The platform's `fetch`, except for bodies of bytes. Node's copies such a body, and the copies wait for the garbage
 * collector, which counts them late: up to 64 MiB of them. Here the bytes are written as they lie, and the promise settles
 * only when nothing reads them any more, so that the caller may discard them. The answer is read whole.
 *
 * Rejects as `fetch` does; `TOO_LARGE` for an answer of more than `MAX_JSON_ANSWER_BYTES`.
 */
export async function nodeFetch(url: string, init: RequestInit): Promise<Response> {
  if (!(init.body instanceof Uint8Array)) return fetch(url, init);
  const request = open(new URL(url), init);
  const closed = new Promise((resolve) => request.once('close', resolve));
  const answered = once(request, 'response');
  request.end(init.body);
  try {
    const [incoming] = (await answered) as [IncomingMessage];
    return await answerOf(incoming);
  } finally {
    // An answer may come before the last byte has left: what is still being sent must end with the request.
    if (!request.writableFinished) request.destroy();
    if (request.destroyed) await closed;
  }
}

function open(url: URL, { method = 'GET', headers, body, signal }: RequestInit): ClientRequest {
  const fields = {
    ...Object.fromEntries(new Headers(headers)),
    'content-length': (body as Uint8Array).byteLength,
  };
  const options: RequestOptions = { method, headers: fields, ...(signal ? { signal } : {}) };
  return url.protocol === 'https:'
    ? httpsRequest(url, { ...options, agent: AGENTS['https:'] })
    : httpRequest(url, { ...options, agent: AGENTS['http:'] });
}

async function answerOf(incoming: IncomingMessage): Promise<Response> {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const status = incoming.statusCode ?? 0;
  const streamed = new Response(Readable.toWeb(incoming) as ReadableStream, { status, headers });
  return new Response(await readBody(streamed, MAX_JSON_ANSWER_BYTES), { status, headers });
}
