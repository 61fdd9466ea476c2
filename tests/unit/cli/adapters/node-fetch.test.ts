import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { nodeFetch } from '../../../../cli/adapters/node-fetch.ts';
import { MAX_JSON_ANSWER_BYTES } from '../../../../shared/limits.ts';

const MIB = 2 ** 20;

async function serve(
  listener: RequestListener,
): Promise<AsyncDisposable & { readonly url: string; readonly sockets: ReadonlySet<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createServer(listener).listen(0, '127.0.0.1');
  server.on('connection', (socket) => sockets.add(socket));
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    sockets,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Resolves however the socket ends. */
function closeOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => socket.once('close', resolve));
}

function randomBlock(): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(MIB);
  for (let i = 0; i < block.length; i += 65_536) crypto.getRandomValues(block.subarray(i, i + 65_536));
  return block;
}

test('bytes arrive as they are, with their length and headers, and the answer comes back', async () => {
  const body = randomBlock();
  await using server = await serve((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const same = Buffer.concat(parts).equals(body);
      const { method, headers } = request;
      response.writeHead(201, { 'x-answer': 'a' });
      response.end(
        JSON.stringify({ same, method, length: headers['content-length'], nonce: headers['x-nonce'] }),
      );
    })();
  });
  const response = await nodeFetch(server.url, { method: 'PUT', body, headers: { 'x-nonce': '7' } });
  expect(response.status).toBe(201);
  expect(response.headers.get('x-answer')).toBe('a');
  expect(await response.json()).toEqual({ same: true, method: 'PUT', length: String(MIB), nonce: '7' });
});

test('connections are used again', async () => {
  await using server = await serve((request, response) => {
    request.resume().on('end', () => response.end('{}'));
  });
  for (let i = 0; i < 3; i++) await nodeFetch(server.url, { method: 'PUT', body: new Uint8Array(10) });
  expect(server.sockets.size).toBe(1);
});

test('an answer before the last byte was read ends the sending', async () => {
  // Read by nobody: more than the buffers of both sockets take.
  const body = new Uint8Array(64 * MIB);
  let ended: Promise<unknown> | undefined;
  await using server = await serve((request, response) => {
    ended = closeOf(request.socket);
    response.writeHead(507);
    response.end('full');
    request.pause();
  });
  const response = await nodeFetch(server.url, { method: 'PUT', body });
  expect([response.status, await response.text()]).toEqual([507, 'full']);
  await ended;
});

test('an abort ends the connection', async () => {
  const abort = new AbortController();
  let ended: Promise<unknown> | undefined;
  await using server = await serve((request) => {
    ended = closeOf(request.socket);
    request.resume().on('end', () => abort.abort());
  });
  const sent = nodeFetch(server.url, { method: 'PUT', body: new Uint8Array(10), signal: abort.signal });
  await expect(sent).rejects.toThrow();
  await ended;
});

test('a connection that is refused or breaks rejects', async () => {
  const server = await serve((request) => request.socket.destroy());
  await expect(nodeFetch(server.url, { method: 'PUT', body: new Uint8Array(10) })).rejects.toThrow();
  await server[Symbol.asyncDispose]();
  await expect(nodeFetch(server.url, { method: 'PUT', body: new Uint8Array(10) })).rejects.toThrow();
});

test('an answer without end is too large', async () => {
  await using server = await serve((request, response) => {
    request.resume();
    response.end(Buffer.alloc(MAX_JSON_ANSWER_BYTES + 1));
  });
  const sent = nodeFetch(server.url, { method: 'PUT', body: new Uint8Array(10) });
  await expect(sent).rejects.toMatchObject({ code: 'TOO_LARGE' });
});
