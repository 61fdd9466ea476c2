/** A TCP proxy that keeps every byte that clients send: request lines, headers, bodies and WebSocket frames alike. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export class RecordingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #sent: Buffer[] = [];
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
      client.on('data', (bytes) => this.#sent.push(bytes));
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
    return Buffer.concat(this.#sent);
  }

  /** Request lines seen so far, such as `PUT /chunk/…`. */
  requestLines(method: string): string[] {
    const pattern = new RegExp(`^${method} (\\S+) HTTP/1\\.1\\r$`, 'gm');
    return [...this.sentBytes().toString('latin1').matchAll(pattern)].map(([, path = '']) => path);
  }

  forget(): void {
    this.#sent.length = 0;
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
