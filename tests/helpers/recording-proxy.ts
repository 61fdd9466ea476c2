/** A TCP proxy that keeps every byte that clients send: request lines, headers, bodies and WebSocket frames alike. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export class RecordingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** By connection, so that what was sent in one piece stays in one piece. */
  #sent: Buffer[][] = [];
  #forwarding = true;

  private constructor(targetPort: number) {
    this.#server = createServer((client) => {
      if (!this.#forwarding) {
        client.destroy();
        return;
      }
      const upstream = connect(targetPort, '127.0.0.1');
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.setNoDelay(true);
        socket.on('close', () => this.#sockets.delete(socket));
        socket.on('error', () => {
          client.destroy();
          upstream.destroy();
        });
      }
      const sent: Buffer[] = [];
      this.#sent.push(sent);
      client.on('data', (bytes) => {
        // After a `forget`, the rest of an old connection is news again.
        if (!this.#sent.includes(sent)) this.#sent.push(sent);
        sent.push(bytes);
      });
      client.pipe(upstream).pipe(client);
    });
  }

  static async start(targetPort: number): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  /** Everything that clients have sent so far. */
  sentBytes(): Buffer {
    return Buffer.concat(this.#sent.flat());
  }

  /** Request lines seen so far, such as `PUT /chunk/…`. */
  requestLines(method: string): string[] {
    // Not anchored: on a kept connection a request line follows the last body's bytes.
    const pattern = new RegExp(`${method} (/\\S*) HTTP/1\\.1\\r\\n`, 'g');
    return [...this.sentBytes().toString('latin1').matchAll(pattern)].map(([, path = '']) => path);
  }

  forget(): void {
    for (const sent of this.#sent) sent.length = 0;
    this.#sent = [];
  }

  /** From now on the server behind seems gone: open connections break, new ones are refused. */
  cut(): void {
    this.#forwarding = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  restore(): void {
    this.#forwarding = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}
