/** The HTTP server without its routes: limits, guards, headers, validation, errors. */
import { LogController, fastify } from 'fastify';
import type { FastifyBaseLogger, FastifyInstance, FastifyTypeProvider } from 'fastify';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { TSchema } from 'typebox';
import { AppError } from '../../shared/errors.ts';
import { MAX_CHUNK_BYTES } from '../../shared/limits.ts';
import { parseWith } from '../../shared/protocol/schemas.ts';
import type { RelayConfig } from '../config/config.ts';
import { ClientLimits } from './client-limits.ts';
import { answerError } from './error-answer.ts';
import { guardHost } from './host-guard.ts';
import { logLines } from './log-lines.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Longer ones are refused as malformed ids, not as unknown routes; Node's header limit is the real bound. */
const MAX_PARAM_CHARS = 16 * 1024;

type Http<Provider extends FastifyTypeProvider> = FastifyInstance<
  Server,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  Provider
>;
export type HttpServer = Http<TypeBoxTypeProvider>;

export interface HttpServerOptions {
  readonly config: Pick<RelayConfig, 'limits' | 'allowedHosts' | 'logLevel'>;
  /** Monotonic, ms. */
  readonly now: () => number;
}

export function createHttpServer({ config, now }: HttpServerOptions): HttpServer {
  const { limits, allowedHosts, logLevel } = config;
  const server = fastify({
    logger: logLines(logLevel, now),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_CHUNK_BYTES,
    requestTimeout: limits.bodyTimeoutMs,
    connectionTimeout: limits.idleConnectionMs,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.connectionsCheckMs,
    },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: MAX_PARAM_CHARS },
    exposeHeadRoutes: false,
    frameworkErrors: answerError,
    clientErrorHandler: refuseConnection,
  }).withTypeProvider<TypeBoxTypeProvider>();
  server.server.maxConnections = limits.maxConnections;
  // Node would answer 417 by itself, past every guard and limit.
  server.server.on('checkExpectation', (request, response) => server.routing(request, response));

  server.setValidatorCompiler<TSchema>(({ schema, httpPart }) => (value: unknown) => {
    const typed = httpPart === 'querystring' ? withIntegers(schema, value) : value;
    return { value: parseWith(schema, typed, REQUEST_PARTS[httpPart ?? ''] ?? 'The request') };
  });
  server.setSerializerCompiler(() => (value) => JSON.stringify(value));
  server.setErrorHandler(answerError);
  server.setNotFoundHandler(() => {
    throw new AppError('NOT_FOUND', 'There is nothing here.');
  });

  const clients = new ClientLimits({ now, ...limits });
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS);
    const leave = clients.enter(request.ip);
    reply.raw.once('close', leave);
    const upgrade = request.headers.upgrade !== undefined;
    // The HTTP server has let go of such a socket: an answer instead of the upgrade is the last thing on it.
    if (upgrade) reply.raw.once('finish', () => request.socket.destroySoon());
    // The router would take an absolute target, whose host nobody has checked.
    if (!request.url.startsWith('/')) throw new AppError('BAD_INPUT', 'The URL is malformed.');
    // Generated clients name a type for bodies that they do not send.
    if (request.headers['content-length'] === '0') delete request.headers['content-type'];
    guardHost(
      {
        method: request.method,
        host: request.headers.host,
        origin: request.headers.origin,
        upgrade,
        fetchSite: singleHeader(request.headers['sec-fetch-site']),
        fetchDest: singleHeader(request.headers['sec-fetch-dest']),
      },
      allowedHosts,
    );
    done();
  });
  return server;
}

function singleHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join() : value;
}

const REQUEST_PARTS: Readonly<Record<string, string>> = {
  params: 'The path',
  querystring: 'The query',
  headers: 'A header',
  body: 'The body',
};

/** Query values arrive as text; an integer's becomes a number if it is one, and the schema judges the rest. */
function withIntegers(schema: TSchema, query: unknown): unknown {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  const entries = Object.entries(query ?? {}).map(([name, text]: [string, unknown]) => {
    const isInteger =
      properties[name]?.type === 'integer' && typeof text === 'string' && /^\d{1,15}$/.test(text);
    return [name, isInteger ? Number(text) : text];
  });
  return Object.fromEntries(entries);
}

/** Bytes that are no HTTP request, or too slow to become one: one answer, then the end. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const slow = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const refusal = slow
    ? new AppError('TIMEOUT', 'The request took too long to arrive.')
    : new AppError('BAD_INPUT', 'This is not an HTTP request that the relay understands.');
  const body = JSON.stringify({ error: refusal.toObject() });
  const head = [
    slow ? 'HTTP/1.1 408 Request Timeout' : 'HTTP/1.1 400 Bad Request',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
