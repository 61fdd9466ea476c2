/** Which TCP ports of this machine are taken. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { errnoOf, ioError } from '../adapters/io-errors.ts';

/** The ports among `ports` that nobody could listen on at `host`. 0 stands for any and is never taken. */
export async function takenPorts(host: string, ports: readonly number[]): Promise<number[]> {
  const taken: number[] = [];
  for (const port of ports) if (port !== 0 && !(await isFree(host, port))) taken.push(port);
  return taken;
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    return true;
  } catch (cause) {
    if (errnoOf(cause) === 'EADDRINUSE' || errnoOf(cause) === 'EACCES') return false;
    throw ioError(cause, `Listening on ${host} port ${port}`);
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
