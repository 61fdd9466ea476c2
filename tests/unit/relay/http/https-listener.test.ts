import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { DEFAULT_LIMITS } from '../../../../relay/config/config.ts';
import { HttpsListener } from '../../../../relay/http/https-listener.ts';
import { createHttpServer } from '../../../../relay/http/server.ts';
import { Authority } from '../../../../relay/tls/authority.ts';
import { issuedBy } from '../../../../relay/tls/certificates.ts';

const DAY_MS = 86_400_000;

async function connected(port: number, ca: string): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

const endOf = (socket: TLSSocket): number =>
  new X509Certificate(socket.getPeerCertificate().raw).validToDate.getTime();

async function answerOf(socket: TLSSocket, headers = 'Host: 127.0.0.1\r\n'): Promise<string> {
  socket.write(`GET /greeting HTTP/1.1\r\n${headers}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

it('shows a renewed certificate to who comes next, while those who are there go on; and ends with its connections', async () => {
  const config = { limits: DEFAULT_LIMITS, allowedHosts: [], logLevel: 'silent' } as const;
  const http = createHttpServer({ config, now: () => performance.now() });
  http.get('/greeting', (_request, reply) => reply.send({ hello: 'there' }));
  await http.ready();
  onTestFinished(() => http.close());
  const startedMs = Date.now();
  let nowMs = startedMs;
  let look = (): void => undefined;
  const authority = Authority.create('laptop', startedMs);
  const source = issuedBy(
    authority,
    () => ['127.0.0.1'],
    () => nowMs,
  );
  let renewed = Promise.withResolvers<undefined>();
  await using listener = await HttpsListener.listen(http, {
    host: '127.0.0.1',
    port: 0,
    limits: DEFAULT_LIMITS,
    source: {
      next: async () => {
        const certificate = await source.next();
        // The listener takes it in the turns that follow.
        setImmediate(() => renewed.resolve(undefined));
        return certificate;
      },
    },
    clock: { every: (_intervalMs, callback) => (look = callback) },
    log: http.log,
  });
  const early = await connected(listener.port, authority.pem);
  expect(await answerOf(early)).toContain('{"hello":"there"}');
  const seconds = (ms: number): number => Math.floor(ms / 1000) * 1000;
  expect(endOf(early)).toBe(seconds(startedMs) + 60 * DAY_MS);
  const unexpected = 'Host: 127.0.0.1\r\nExpect: the unexpected\r\n';
  expect(await answerOf(early, unexpected)).toContain('{"hello":"there"}');
  expect(await answerOf(await connected(listener.port, authority.pem), 'no header\r\n')).toContain(
    '"code":"BAD_INPUT"',
  );

  nowMs += 31 * DAY_MS;
  renewed = Promise.withResolvers();
  look();
  await renewed.promise;
  // Its first two days lie in the past by the new clock only.
  const late = connect({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false });
  onTestFinished(() => void late.destroy());
  await once(late, 'secureConnect');
  expect(endOf(late)).toBe(seconds(nowMs) + 60 * DAY_MS);
  expect(await answerOf(early)).toContain('{"hello":"there"}');

  const closed = [once(early, 'close'), once(late, 'close')];
  await listener[Symbol.asyncDispose]();
  await Promise.all(closed);
});
