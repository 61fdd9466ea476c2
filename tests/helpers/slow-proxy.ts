/** A TCP proxy whose answers can be made to trickle: full speed, or a few bytes at a time. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

const TRICKLE_BYTES = 64;
const TRICKLE_EVERY_MS = 100;

export class SlowProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #stop = new AbortController();
  /** Whether answers trickle from now on. */
  trickling = false;

  private constructor(targetPort: number) {
    this.#server = createServer((client) => {
      const upstream = connect(targetPort, '127.0.0.1');
      for (const socket of [client, upstream]) {
        this.#sockets.add(socket);
        socket.on('close', () => {
          this.#sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
        socket.on('error', () => socket.destroy());
      }
      client.pipe(upstream);
      upstream.pipe(this.#throttle()).pipe(client);
    });
  }

  static async start(targetPort: number): Promise<SlowProxy> {
    const proxy = new SlowProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #throttle(): Transform {
    const trickle = async (bytes: Buffer, push: (piece: Buffer) => void): Promise<void> => {
      for (let offset = 0; offset < bytes.length;) {
        const length = this.trickling ? TRICKLE_BYTES : bytes.length - offset;
        push(bytes.subarray(offset, offset + length));
        offset += length;
        if (this.trickling) await pause(TRICKLE_EVERY_MS, undefined, { signal: this.#stop.signal });
      }
    };
    return new Transform({
      transform(bytes: Buffer, _encoding, done) {
        trickle(bytes, (piece) => this.push(piece)).then(
          () => done(),
          (cause: unknown) => done(cause as Error),
        );
      },
    }).on('error', () => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
