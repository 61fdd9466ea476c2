import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

/** A bare HTTP server that answers as a test says: what a hostile or broken relay may send over a real socket. */
export class RelayStub implements AsyncDisposable {
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly requests: { method: string; url: string; headers: IncomingMessage['headers']; body: Buffer }[] =
    [];
  handle: Handler = (_, response) => response.writeHead(404).end();
  url = '';

  static async start(handle?: Handler): Promise<RelayStub> {
    const stub = new RelayStub();
    if (handle !== undefined) stub.handle = handle;
    await new Promise<void>((resolve) => stub.#server.listen(0, '127.0.0.1', resolve));
    stub.url = `http://127.0.0.1:${(stub.#server.address() as AddressInfo).port}`;
    return stub;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const { method = '', url = '', headers } = request;
    this.requests.push({ method, url, headers, body });
    this.handle(request, response, body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

export const statusOf = (id: string, changes: object = {}) => ({
  id,
  api: 'lanvault/1',
  version: '0.1.0',
  ready: true,
  uptime_seconds: 1.5,
  capacity: 10,
  used: 0,
  chunks: 0,
  peers: 1,
  links: 0,
  ...changes,
});

export const peer = (id: string, changes: object = {}) => ({
  id,
  host: '127.0.0.1',
  port: 8000,
  link: 40_000,
  capacity: 1000,
  machine: 'm',
  state: 'alive',
  ...changes,
});
