/** The HTTP interface once more, behind TLS on a port of its own, with a certificate that is looked after. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { AppError } from '../../shared/errors.ts';
import type { RelayLimits } from '../config/config.ts';
import { errnoOf } from '../storage/file-ops.ts';
import type { Log } from '../services/log.ts';
import type { Clock } from '../services/ports.ts';
import { keepCurrent } from '../tls/certificates.ts';
import type { CertificateSource } from '../tls/certificates.ts';
import { listenHost } from './listen-host.ts';
import type { HttpServer } from './server.ts';

export interface HttpsOptions {
  readonly host: string;
  readonly port: number;
  readonly limits: Pick<
    RelayLimits,
    | 'bodyTimeoutMs'
    | 'connectionsCheckMs'
    | 'headersTimeoutMs'
    | 'idleConnectionMs'
    | 'maxConnections'
    | 'stopGraceMs'
  >;
  readonly source: CertificateSource;
  readonly clock: Pick<Clock, 'every'>;
  readonly log: Log;
}

const VERSIONS = { minVersion: 'TLSv1.2' } as const;

export class HttpsListener implements AsyncDisposable {
  readonly port: number;
  readonly #server: Server;
  readonly #upgraded: ReadonlySet<Duplex>;
  readonly #stopGraceMs: number;
  readonly #stopped = new AbortController();

  private constructor(server: Server, upgraded: ReadonlySet<Duplex>, port: number, stopGraceMs: number) {
    this.#server = server;
    this.#upgraded = upgraded;
    this.port = port;
    this.#stopGraceMs = stopGraceMs;
  }

  /** Answers as `http` does. Throws `CONFLICT` for a port in use, `IO`, and what the source throws at first. */
  static async listen(http: HttpServer, options: HttpsOptions): Promise<HttpsListener> {
    const { host, port, limits, source, clock, log } = options;
    const server = createServer({
      ...(await source.next()),
      ...VERSIONS,
      handshakeTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.bodyTimeoutMs,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: limits.connectionsCheckMs,
    });
    server.maxConnections = limits.maxConnections;
    server.setTimeout(limits.idleConnectionMs);
    for (const event of ['request', 'checkExpectation'])
      server.on(event, (request: IncomingMessage, response: ServerResponse) =>
        http.routing(request, response),
      );
    server.on('clientError', (cause, socket) => http.server.emit('clientError', cause, socket));
    const upgraded = new Set<Duplex>();
    server.on('upgrade', (request, socket: Duplex, head) => {
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      http.server.emit('upgrade', request, socket, head);
    });
    // What is no TLS, or trusts another authority, is the client's affair.
    server.on('tlsClientError', (_cause, socket) => socket.destroy());
    const bound = await bind(server, await listenHost(host), port);
    const listener = new HttpsListener(server, upgraded, bound, limits.stopGraceMs);
    keepCurrent(source, (certificate) => server.setSecureContext({ ...certificate, ...VERSIONS }), {
      clock,
      failed: (error) => log.warn({ err: error }, 'The certificate could not be looked after'),
      signal: listener.#stopped.signal,
    });
    return listener;
  }

  /** Requests under way may end; after the grace their connections are cut. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    const cut = setTimeout(() => {
      this.#server.closeAllConnections();
    }, this.#stopGraceMs);
    try {
      const closed = new Promise((resolve) => this.#server.close(resolve));
      this.#server.closeIdleConnections();
      for (const socket of this.#upgraded) socket.destroy();
      await closed;
    } finally {
      clearTimeout(cut);
    }
  }
}

function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        errnoOf(cause) === 'EADDRINUSE'
          ? new AppError('CONFLICT', `Port ${port} is in use. Choose another one with --tls-port.`, { cause })
          : new AppError('IO', `Cannot listen on ${host}, port ${port}.`, { cause }),
      );
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new AppError('INTERNAL', 'No port.'));
      else resolve(address.port);
    });
  });
}
