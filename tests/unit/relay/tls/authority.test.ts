import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CERTIFICATE_RENEWAL_MS } from '../../../../shared/limits.ts';
import { Authority } from '../../../../relay/tls/authority.ts';
import { issuedBy, keepCurrent, readFrom } from '../../../../relay/tls/certificates.ts';
import type { KeyAndChain } from '../../../../relay/tls/certificates.ts';
import { lanAddress, ownNames } from '../../../../relay/tls/own-names.ts';
import { isPermitted } from '../../../../relay/tls/permitted.ts';
import { errorOf } from './error-of.ts';

const DAY_MS = 86_400_000;
const NAMES = ['192.168.7.9', '::1', 'localhost', 'nas.local'];

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'lanvault-tls-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** What a client that trusts `ca` alone says of a server with this certificate, asked for under `servername`. */
async function handshake({ key, cert }: KeyAndChain, ca: string, host: string): Promise<string> {
  const server = createServer({ key, cert }, (socket) => socket.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  return new Promise((resolve) => {
    const isName = /[a-z]/.test(host) && !host.includes(':');
    const socket: TLSSocket = connect(
      {
        port: address.port,
        host: '127.0.0.1',
        ca,
        ...(isName ? { servername: host } : {}),
        checkServerIdentity: () => undefined,
      },
      () => {
        const certificate = new X509Certificate(socket.getPeerCertificate().raw);
        const matches = isName ? certificate.checkHost(host) : certificate.checkIP(host);
        resolve(matches === undefined ? 'other name' : 'trusted');
        socket.destroy();
      },
    );
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

const certificateOf = ({ pem }: Authority): string => pem.slice(pem.indexOf('-----BEGIN CERTIFICATE'));
const keyOf = ({ pem }: Authority): string => pem.slice(0, pem.indexOf('-----BEGIN CERTIFICATE'));

const asPair = ({ keyPem, chainPem }: { keyPem: string; chainPem: string }): KeyAndChain => ({
  key: keyPem,
  cert: chainPem,
});

describe('an authority of one’s own', () => {
  it('issues what a client that trusts it accepts for its names and addresses, and nobody else does', async () => {
    const authority = Authority.create('laptop', Date.now());
    const certificatePem = certificateOf(authority);
    const leaf = asPair(authority.issue(NAMES, Date.now()));
    for (const name of NAMES)
      expect([name, await handshake(leaf, certificatePem, name)]).toEqual([name, 'trusted']);
    expect(await handshake(leaf, certificatePem, '192.168.7.10')).toBe('other name');
    const stranger = certificateOf(Authority.create('laptop', Date.now()));
    expect(await handshake(leaf, stranger, 'localhost')).not.toBe('trusted');
  });

  it('cannot vouch for the internet: OpenSSL refuses what it would sign for it', async () => {
    const dir = await folder();
    const authority = Authority.create('laptop', Date.now());
    await writeFile(path.join(dir, 'ca.pem'), authority.pem);
    const verdict = async (names: readonly string[]): Promise<string> => {
      const { chainPem } = authority.issue(names, Date.now());
      await writeFile(path.join(dir, 'leaf.pem'), chainPem);
      try {
        return execFileSync(
          'openssl',
          ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca.pem', 'leaf.pem'],
          {
            cwd: dir,
            stdio: 'pipe',
          },
        ).toString();
      } catch (cause) {
        return String((cause as { stderr: Buffer }).stderr);
      }
    };
    expect(await verdict(NAMES)).toContain('leaf.pem: OK');
    // What it signs is for servers, whoever it names: no mail, no programs.
    expect(new X509Certificate(authority.pem).keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    for (const foreign of ['example.org', '8.8.8.8', 'local.example.org', '2001:db8::1'])
      expect(await verdict([foreign])).toContain('permitted subtree violation');
  });

  it('comes back from what is kept the same, and what is damaged is found out', async () => {
    const authority = Authority.create('laptop', Date.now());
    const again = Authority.load(authority.pem);
    expect(again.pem).toBe(authority.pem);
    expect(again.fingerprint).toBe(new X509Certificate(authority.pem).fingerprint256);
    const leaf = asPair(again.issue(NAMES, Date.now()));
    expect(await handshake(leaf, certificateOf(authority), 'localhost')).toBe('trusted');
    const other = Authority.create('laptop', Date.now());
    const { keyPem, chainPem } = authority.issue(NAMES, Date.now());
    for (const damaged of [
      keyOf(other) + certificateOf(authority),
      certificateOf(authority),
      keyOf(authority),
      authority.pem.slice(0, -100),
      keyPem + chainPem,
      '',
    ])
      expect(() => Authority.load(damaged)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });

  it('is good for ten years, and has a name that fits', () => {
    const { pem } = Authority.create('m'.repeat(300), Date.UTC(2045, 5, 1));
    const { validToDate, subject } = new X509Certificate(pem);
    expect(validToDate).toEqual(new Date(Date.UTC(2045, 5, 1) + 3650 * DAY_MS));
    expect(subject.split('CN=')[1]?.length).toBeLessThanOrEqual(64);
  });
});

describe('the certificate that is shown', () => {
  it('is issued anew when it nears its end, or the machine has another address', async () => {
    const authority = Authority.create('laptop', 0);
    let names = ['127.0.0.1'];
    let nowMs = 0;
    const source = issuedBy(
      authority,
      () => names,
      () => nowMs,
    );
    const first = await source.next();
    expect(first).not.toBeNull();
    expect(await source.next()).toBeNull();
    names = ['127.0.0.1', '192.168.7.9'];
    const moved = await source.next();
    expect(new X509Certificate(moved?.cert ?? '').subjectAltName).toContain('192.168.7.9');
    nowMs = 29 * DAY_MS;
    expect(await source.next()).toBeNull();
    nowMs = 60 * DAY_MS - CERTIFICATE_RENEWAL_MS;
    const renewed = await source.next();
    expect(Date.parse(new X509Certificate(renewed?.cert ?? '').validTo)).toBe(nowMs + 60 * DAY_MS);
  });

  it('is read again when its files have changed, and told when they are no certificate and key', async () => {
    const dir = await folder();
    const [cert, key] = [path.join(dir, 'cert.pem'), path.join(dir, 'key.pem')];
    const source = readFrom(cert, key);
    expect(await errorOf(source.next())).toMatchObject({ code: 'IO' });
    const authority = Authority.create('laptop', Date.now());
    const put = async (): Promise<void> => {
      const leaf = authority.issue(NAMES, Date.now());
      await writeFile(cert, leaf.chainPem);
      await writeFile(key, leaf.keyPem);
    };
    await put();
    expect(await source.next()).toMatchObject({ cert: expect.stringContaining('CERTIFICATE') as string });
    expect(await source.next()).toBeNull();
    await put();
    expect(await source.next()).not.toBeNull();
    await writeFile(key, 'no key');
    expect(await errorOf(source.next())).toMatchObject({ code: 'CORRUPT' });
  });

  it('stays when its source fails, which is told', async () => {
    const failures: string[] = [];
    const shown: KeyAndChain[] = [];
    let look = (): void => undefined;
    const stopped = new AbortController();
    const answers = [null, new Error('gone'), { key: 'k', cert: 'c' }];
    const settled = Promise.withResolvers<undefined>();
    keepCurrent(
      {
        next: () => {
          const answer = answers.shift();
          if (answers.length === 0) settled.resolve(undefined);
          if (answer instanceof Error) return Promise.reject(answer);
          return Promise.resolve(answer ?? null);
        },
      },
      (certificate) => shown.push(certificate),
      {
        clock: { every: (_intervalMs, callback) => (look = callback) },
        failed: ({ message }) => failures.push(message),
        signal: stopped.signal,
      },
    );
    for (let looks = 0; looks < 3; looks++) {
      look();
      await new Promise(setImmediate);
    }
    await settled.promise;
    expect({ shown: shown.length, failures: failures.length }).toEqual({ shown: 1, failures: 1 });
  });

  it('is for an address that others reach, where the relay listens on one', () => {
    expect(lanAddress('127.0.0.1')).toBeNull();
    expect(lanAddress('::1')).toBeNull();
    expect(lanAddress('192.168.7.9')).toBe('192.168.7.9');
    const found = lanAddress('0.0.0.0');
    expect(found === null || (isPermitted(found) && ownNames([]).includes(found))).toBe(true);
  });

  it('names this machine’s addresses and only what it may vouch for', () => {
    const names = ownNames(['relay.example.org', 'nas.home.arpa']);
    expect(names).toEqual(expect.arrayContaining(['localhost', '127.0.0.1', 'nas.home.arpa']));
    expect(names).not.toContain('relay.example.org');
    expect(names.every(isPermitted)).toBe(true);
  });
});
