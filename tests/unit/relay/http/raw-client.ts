/** HTTP as bytes on a socket: nothing is normalised, and nothing is sent that a test did not write. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { HttpServer } from '../../../../relay/http/server.ts';

export class RawClient implements Disposable {
  readonly #socket: Socket;
  readonly #received: Buffer[] = [];
  /** Resolves with everything received, when the connection has ended in whatever way. */
  readonly closed: Promise<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (piece: Buffer) => this.#received.push(piece));
    // A cut connection is an ending that tests wait for.
    socket.on('error', () => socket.destroy());
    this.closed = new Promise((resolve) => {
      socket.on('close', () => resolve(Buffer.concat(this.#received).toString('latin1')));
    });
  }

  static async connect(server: HttpServer): Promise<RawClient> {
    const { port } = server.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Resolves when the text has arrived. */
  async receives(text: string): Promise<void> {
    while (!Buffer.concat(this.#received).toString('latin1').includes(text)) await once(this.#socket, 'data');
  }

  /** Stops reading, so that what is sent piles up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** One request whose target is sent exactly as written; the whole answer as text. */
export async function rawRequest(
  server: HttpServer,
  method: string,
  target: string,
  headers = '',
): Promise<string> {
  using client = await RawClient.connect(server);
  client.send(`${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${headers}\r\n`);
  return await client.closed;
}
