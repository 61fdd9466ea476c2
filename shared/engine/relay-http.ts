/** A typed HTTP client over the route table, for one of several relays: it stays with the one that works. */
import type { Static, TSchema } from 'typebox';
import type { Bytes } from '../bytes.ts';
import { AppError, throwIfAborted } from '../errors.ts';
import { MAX_JSON_ANSWER_BYTES, REQUEST_TIMEOUT_MS } from '../limits.ts';
import { parseJsonWith } from '../protocol/schemas.ts';
import type { EngineClock } from './clock.ts';
import { withDeadline } from './concurrency.ts';
import { errorOf, readBody } from './http-answer.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How `fetch` is given a body. */
export type ToBody = (bytes: Bytes) => BodyInit;

/** Browsers send plain bytes in small pieces through the main thread, ten times slower than a Blob. */
export const asBlob: ToBody = (bytes) => new Blob([bytes]);

export interface Route {
  readonly method: string;
  /** `:name` stands for a parameter. */
  readonly path: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly headers?: TSchema;
  /** Of a JSON body; a route without it may take bytes. */
  readonly body?: TSchema;
  readonly response?: TSchema;
}

type Part<R, Name extends 'params' | 'query' | 'headers'> =
  R extends Readonly<Record<Name, infer S extends TSchema>> ? Readonly<Record<Name, Static<S>>> : unknown;
/** What a route takes, from its schemas. */
export type RequestOf<R extends Route> = Part<R, 'params'> &
  Part<R, 'query'> &
  Part<R, 'headers'> &
  (R extends { readonly body: infer S extends TSchema }
    ? { readonly body: Static<S> }
    : { readonly body?: Bytes });

interface AnyRequest {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Bytes, or a value that is sent as JSON. */
  readonly body?: unknown;
}

export interface RelayHttpOptions {
  /** `http://host:port`, without a path. */
  readonly baseUrls: readonly string[];
  readonly fetch: Fetch;
  readonly toBody: ToBody;
  readonly clock: EngineClock;
}

/** No answer from this base URL, so that the next one is worth a try. */
class Unreachable extends AppError {}

export class RelayHttp {
  readonly #baseUrls: readonly string[];
  readonly #fetch: Fetch;
  readonly #toBody: ToBody;
  readonly #clock: EngineClock;
  #current = 0;

  /** Throws `BAD_INPUT` for no URL, or one that is not http(s). */
  constructor({ baseUrls, fetch, toBody, clock }: RelayHttpOptions) {
    if (baseUrls.length === 0) throw new AppError('BAD_INPUT', 'No relay was given.');
    this.#baseUrls = baseUrls.map(originOf);
    this.#fetch = fetch;
    this.#toBody = toBody;
    this.#clock = clock;
  }

  /**
   * Runs `work` with the base URL that worked last, then with each other one while none can be reached. Throws what
   * the last one threw.
   */
  async withAnyRelay<T>(signal: AbortSignal, work: (baseUrl: string) => Promise<T>): Promise<T> {
    for (let tried = 1; ; tried++) {
      throwIfAborted(signal);
      const current = this.#current;
      try {
        return await work(this.#baseUrls[current] ?? '');
      } catch (error) {
        throwIfAborted(signal);
        if (!(error instanceof Unreachable) || tried >= this.#baseUrls.length) throw error;
        // Others may have moved on already.
        if (this.#current === current) this.#current = (current + 1) % this.#baseUrls.length;
      }
    }
  }

  /** A JSON answer, checked against the route's schema. Bounded in size, and in time unless `timeoutMs` is null. */
  async json<R extends Route & { readonly response: TSchema }>(
    baseUrl: string,
    route: R,
    request: RequestOf<R>,
    signal: AbortSignal,
    timeoutMs: number | null = REQUEST_TIMEOUT_MS,
  ): Promise<Static<R['response']>> {
    const send = (bounded: AbortSignal): Promise<Bytes> =>
      this.#send(baseUrl, route, request, MAX_JSON_ANSWER_BYTES, bounded);
    const body =
      timeoutMs === null ? await send(signal) : await this.#inTime(baseUrl, timeoutMs, signal, send);
    const text = new TextDecoder().decode(body);
    try {
      return parseJsonWith<R['response']>(route.response, text, 'The answer');
    } catch (cause) {
      throw new Unreachable('UNAVAILABLE', `What answers at ${baseUrl} does not speak as a relay does.`, {
        cause,
      });
    }
  }

  /** A binary answer of at most `maxBytes`; the caller bounds its time. Throws `TOO_LARGE`. */
  bytes<R extends Route>(
    baseUrl: string,
    route: R,
    request: RequestOf<R>,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<Bytes> {
    return this.#send(baseUrl, route, request, maxBytes, signal);
  }

  async #inTime(
    baseUrl: string,
    timeoutMs: number,
    signal: AbortSignal,
    send: (signal: AbortSignal) => Promise<Bytes>,
  ): Promise<Bytes> {
    try {
      const what = `The answer of ${baseUrl}`;
      return await withDeadline({ clock: this.#clock, timeoutMs, what, signal }, send);
    } catch (error) {
      const slow = error instanceof AppError && error.code === 'TIMEOUT' && !(error instanceof Unreachable);
      throw slow ? new Unreachable('TIMEOUT', error.message, { cause: error }) : error;
    }
  }

  #bodyOf(body: unknown): BodyInit {
    return isBytes(body) ? this.#toBody(body) : JSON.stringify(body);
  }

  async #send(
    baseUrl: string,
    route: Route,
    request: AnyRequest,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<Bytes> {
    let response: Response;
    try {
      response = await this.#fetch(baseUrl + pathOf(route, request), {
        method: route.method,
        headers: headersOf(request),
        ...(request.body === undefined ? {} : { body: this.#bodyOf(request.body) }),
        signal,
        redirect: 'error',
        credentials: 'omit',
        // A holder's bad bytes must not come back from a cache when another holder is asked.
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
      });
    } catch (cause) {
      throwIfAborted(signal);
      // A private swarm's door says why; another relay may be of the right swarm.
      if (cause instanceof AppError) throw new Unreachable(cause.code, cause.message, { cause });
      throw new Unreachable('UNAVAILABLE', `No relay answers at ${baseUrl}.`, { cause });
    }
    try {
      if (!response.ok) throw await errorOf(response);
      return await readBody(response, maxBytes);
    } catch (error) {
      throwIfAborted(signal);
      if (error instanceof AppError) throw error;
      throw new AppError('UNAVAILABLE', 'The connection to the relay broke.', { cause: error });
    }
  }
}

/** Marks an answer that makes this relay useless, as if it had not answered. */
export function unreachable(code: 'UNAVAILABLE' | 'UNSUPPORTED', message: string): AppError {
  return new Unreachable(code, message);
}

/** What a caller hands over to be sent as it stands: its buffer is never shared. */
function isBytes(body: unknown): body is Bytes {
  return body instanceof Uint8Array;
}

function originOf(text: string): string {
  if (!URL.canParse(text)) throw new AppError('BAD_INPUT', `Not a URL: ${text}`);
  const { protocol, origin } = new URL(text);
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new AppError('BAD_INPUT', `A relay’s URL begins with http:// or https://, this does not: ${text}`);
  return origin;
}

function pathOf({ path }: Route, { params, query }: AnyRequest): string {
  const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params?.[name] ?? ''));
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return filled;
  return `${filled}?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString()}`;
}

function headersOf({ headers, body }: AnyRequest): Record<string, string> {
  const type = isBytes(body) ? 'application/octet-stream' : 'application/json';
  const set: Record<string, string> = body === undefined ? {} : { 'content-type': type };
  for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) set[name] = value;
  return set;
}
