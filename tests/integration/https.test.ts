/** `--tls` on a real relay: HTTPS beside HTTP, under an authority of the relay's own. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { Authority } from '../../relay/tls/authority.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelayProcess } from '../helpers/relays.ts';

async function secureRelay(): Promise<RelayProcess> {
  const swarm = await startRelays(0);
  onTestFinished(() => swarm[Symbol.asyncDispose]());
  return swarm.add(['--tls', '--tls-port', '0']);
}

function httpsPort({ httpsPort: port }: RelayProcess): number {
  if (port === null) throw new Error('The relay told no HTTPS port.');
  return port;
}

async function ask(
  relay: RelayProcess,
  target: string,
  ca: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: string }> {
  const place = { host: '127.0.0.1', port: httpsPort(relay), path: target };
  const outgoing = request({ ...place, ca, method, headers, agent: false }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const body = (await response.setEncoding('utf8').toArray()).join('');
  return { status: response.statusCode ?? 0, body };
}

test('a relay answers over HTTPS as over HTTP, to those who trust the certificate that it gives out', async () => {
  const relay = await secureRelay();
  const given = await fetch(`${relay.url}/trust/lanvault-authority.crt`);
  expect(given.headers.get('content-type')).toBe('application/x-x509-ca-cert');
  const authority = new X509Certificate(new Uint8Array(await given.arrayBuffer()));
  expect(authority.ca).toBe(true);
  const ca = authority.toString();

  const status = await ask(relay, '/status', ca);
  expect(JSON.parse(status.body)).toMatchObject({ id: relay.id });
  // Pages of the secure address may write to it; others may not.
  const search = async (origin: string): Promise<number> =>
    (await ask(relay, '/chunks/locate', ca, { method: 'POST', headers: { origin } })).status;
  expect(await search(`https://127.0.0.1:${String(httpsPort(relay))}`)).toBe(400);
  expect(await search(`https://127.0.0.1:${String(relay.port)}`)).toBe(403);
  const page = await fetch(`${relay.url}/trust`);
  const html = await page.text();
  expect(html).toContain(authority.fingerprint256);
  expect(html).toContain(`:${String(httpsPort(relay))}/`);
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect(html).not.toContain('<script');
  await expect(ask(relay, '/status', 'no authority')).rejects.toThrow();

  // Events come over it too.
  const socket = connect({ host: '127.0.0.1', port: httpsPort(relay), ca });
  await once(socket, 'secureConnect');
  socket.write(
    `GET /events HTTP/1.1\r\nHost: 127.0.0.1:${String(httpsPort(relay))}\r\nOrigin: https://127.0.0.1:${String(httpsPort(relay))}\r\n` +
      'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 /);

  // The key stays with its owner, and the authority the same over a restart; an open socket does not keep the relay.
  expect((await stat(path.join(relay.dir, 'tls/authority.pem'))).mode & 0o777).toBe(0o600);
  await relay.kill('SIGTERM');
  expect(relay.alive).toBe(false);
  const again = await relay.restart();
  onTestFinished(() => again[Symbol.asyncDispose]());
  expect(JSON.parse((await ask(again, '/status', ca)).body)).toMatchObject({ id: relay.id });
  expect(await readFile(`${relay.dir}.log`, 'utf8')).not.toContain('PRIVATE KEY');
});

test('a relay with its operator’s certificate shows that, and asks nobody to trust anything', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'lanvault-https-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const authority = Authority.create('an office', Date.now());
  const { keyPem, chainPem } = authority.issue(['127.0.0.1'], Date.now());
  const [certFile, keyFile] = [path.join(dir, 'cert.pem'), path.join(dir, 'key.pem')];
  await writeFile(certFile, chainPem);
  await writeFile(keyFile, keyPem);
  const swarm = await startRelays(0);
  onTestFinished(() => swarm[Symbol.asyncDispose]());
  const flags = ['--tls-cert', certFile, '--tls-key', keyFile, '--tls-port', '0'];
  const relay = await swarm.add([...flags, '--allow-host', 'vault.example.org']);
  expect((await ask(relay, '/status', authority.pem)).status).toBe(200);
  const html = await (await fetch(`${relay.url}/trust`)).text();
  expect(html).toContain(`https://vault.example.org:${String(httpsPort(relay))}/`);
  expect(html).not.toContain('fingerprint');
  expect((await fetch(`${relay.url}/trust/lanvault-authority.crt`)).status).toBe(404);
});

test('a relay without --tls says how to get it', async () => {
  const swarm = await startRelays(0);
  onTestFinished(() => swarm[Symbol.asyncDispose]());
  const relay = await swarm.add();
  const html = await (await fetch(`${relay.url}/trust`)).text();
  expect(html).toContain('--tls');
  expect((await fetch(`${relay.url}/trust/lanvault-authority.crt`)).status).toBe(404);
});
